/** What a volume holds, as `cocon-update status` tells it. */
import {
  BLOCK_SIZE,
  bootOrder,
  isRefused,
  isSdfsError,
  outputOf,
  type Slot,
  type Volume,
} from '@cocon-os/sdfs';

import { explainRefusal, explainSlot } from './explain.ts';
import type { OpenVolume } from './open-volume.ts';
import type { SlotReport, StatusReport } from './status-schema.ts';

type StatusInput = Pick<OpenVolume, 'path' | 'volume' | 'running'> & Partial<Pick<OpenVolume, 'warnings'>>;

/** Reads the boot record and each slot's release.json; changes nothing. */
export function readStatus({ path, volume, running, warnings }: StatusInput): StatusReport {
  const { record, superblock } = volume;
  const next = bootOrder(record, volume)[0];
  return {
    schema: 'cocon.status/1',
    volume: {
      path,
      uuid: superblock.volumeUuid,
      label: superblock.label,
      sizeBytes: superblock.totalBlocks * BLOCK_SIZE,
      writable: volume.writable,
      sequence: String(record.sequence),
      floor: Number(record.floor),
    },
    running: running ?? null,
    next: next ?? null,
    slots: record.slots.map((slot) => reportSlot(volume, slot, slot.index === running, slot.index === next)),
    failures: record.failures.map((failure) => ({
      digest: failure.releaseDigest,
      generation: Number(failure.generation),
      refused: isRefused(failure),
      progress: failure.progress,
      reason: failure.reason,
      detail: failure.detail,
      output: outputOf(record, failure),
      explanation: explainRefusal({ ...failure, output: outputOf(record, failure) }),
    })),
    warnings: [...(warnings?.() ?? [])],
  };
}

function reportSlot(volume: Volume, slot: Slot, running: boolean, next: boolean): SlotReport {
  const empty = slot.state === 'empty';
  const output = outputOf(volume.record, slot);
  const {
    state,
    priority,
    attemptsLeft,
    attemptsTotal,
    interruptionsLeft,
    shutdowns,
    wasConfirmed,
    progress,
    reason,
    detail,
  } = slot;
  return {
    slot: slot.index,
    state,
    running,
    next,
    digest: empty ? null : slot.releaseDigest,
    ...(empty ? { release: null, problem: null } : describeRelease(volume, slot.index)),
    generation: Number(slot.generation),
    priority,
    attempts: { left: attemptsLeft, total: attemptsTotal, interruptions: interruptionsLeft, shutdowns },
    wasConfirmed,
    progress,
    reason,
    detail,
    output,
    explanation: explainSlot({ ...slot, running, output }),
  };
}

/** A slot whose release.json cannot be read still has a line in the table. */
function describeRelease(volume: Volume, index: number): Pick<SlotReport, 'release' | 'problem'> {
  try {
    const { name, version, architecture, securityVersion } = volume.release(index);
    return { release: { name, version, architecture, securityVersion }, problem: null };
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return { release: null, problem: { code: thrown.code, message: thrown.message } };
  }
}
