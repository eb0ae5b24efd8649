/**
 * The laws of SDFS, each as a function over one disk that a cut has left. It returns when the law holds, says whether there was
 * anything to check, and throws a {@link Violation} when it does not.
 */
import { isDeepStrictEqual } from 'node:util';

import { isSdfsError, LIMITS, SUPERBLOCK, Volume, type BootRecord, type SdfsErrorCode } from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';

import { rustVolume, type Outcome } from '../cross/rust-reader.ts';
import { plainVolume } from '../vectors/plain.ts';
import { BlocksDevice, type Blocks } from './blocks-device.ts';
import type { Boots } from './operations.ts';
import { numberOf, releaseOf } from './releases.ts';
import { shutdownsLeft } from './states/state.ts';
import { withSuperblocks } from './superblocks.ts';
import { Violation } from './violation.ts';

/** What is known of the operation that was cut. */
export interface Expectation {
  /** What may boot. */
  readonly allowed: ReadonlySet<Boots>;
  /** By the generation of a slot before or after the operation: the blocks that it refers to, and what is in them. */
  readonly contents: ReadonlyMap<bigint, ReadonlyMap<number, Uint8Array | undefined>>;
  readonly sectorSize: number;
  /** How the TypeScript side reads a volume: `Volume.open`, or a canary in its place. */
  readonly open: (device: BlocksDevice) => Volume;
  /** How the loader boots: through the addon, or a canary in its place. */
  readonly boot: (device: BlocksDevice) => BootOutcome;
}

/** The disk under examination, and what the loader made of a copy of it. */
export interface Examined {
  readonly blocks: Blocks;
  /** Undefined when none can be read. */
  readonly volume: Volume | undefined;
  readonly outcome: BootOutcome;
  /** The disk after the loader, and what it wrote. */
  readonly booted: BlocksDevice;
}

/** Law 9, and the reading that the other laws go by. Throws when the two readers differ in anything. */
export function law9BothReadersAgree(blocks: Blocks, expected: Expectation): Volume | undefined {
  const device = new BlocksDevice(blocks, expected.sectorSize);
  let volume: Volume | undefined;
  let ours: Outcome;
  try {
    volume = expected.open(device);
    ours = { value: plainVolume(volume, codeOf) };
  } catch (thrown) {
    ours = { error: codeOf(thrown) };
  }
  const theirs = rustVolume(device);
  if (!isDeepStrictEqual(ours, theirs)) {
    throw new Violation(9, `TypeScript reads ${JSON.stringify(ours)}, Rust reads ${JSON.stringify(theirs)}`);
  }
  return volume;
}

/** Law 1: what boots is the release from before or the one of the operation, whole. */
export function law1OldOrNew({ outcome }: Examined, { allowed }: Expectation): true {
  const booted = bootedRelease(outcome);
  if (!allowed.has(booted)) {
    throw new Violation(
      1,
      `${booted} boots, allowed are ${[...allowed].join(', ')}\n${outcome.log.join('\n')}`,
    );
  }
  if (booted !== 'nothing' && outcome.started?.kernelDigest !== releaseOf(booted).release.kernel.sha256) {
    throw new Violation(1, `the kernel that starts is not that of release ${booted}`);
  }
  return true;
}

/** Law 2: every slot that the record names as confirmed or in trial holds what was written there, to the last byte. */
export function law2LastGoodSlot({ blocks, volume }: Examined, { contents }: Expectation): boolean {
  let found = false;
  for (const slot of volume?.record.slots ?? []) {
    const written =
      slot.state === 'trial' || slot.state === 'confirmed' ? contents.get(slot.generation) : undefined;
    for (const [block, before] of written ?? []) {
      found = true;
      const now = blocks[block];
      if (now !== before && Buffer.compare(now ?? ZEROS, before ?? ZEROS) !== 0) {
        throw new Violation(2, `block ${block} of slot ${slot.index}, which is ${slot.state}, was changed`);
      }
    }
  }
  return found;
}

/** Law 3: each boot of a trial uses something up, on the disk, before the kernel starts. */
export function law3ATrialEnds({ volume, outcome, booted }: Examined, { sectorSize }: Expectation): boolean {
  const { started } = outcome;
  const record = volume?.record;
  if (started?.attempt === undefined || record === undefined) return false;
  const left = (each: BootRecord): number => {
    const slot = each.slots[started.slot];
    return slot === undefined ? 0 : slot.attemptsLeft + slot.interruptionsLeft + shutdownsLeft(slot);
  };
  const durable = booted.atLastFlush;
  const after = durable && Volume.open(new BlocksDevice(durable, sectorSize)).record;
  if (after === undefined || left(after) !== left(record) - 1) {
    throw new Violation(
      3,
      `slot ${started.slot} starts with ${left(record)} boots left before and ${after ? left(after) : 'no durable record'} after`,
    );
  }
  return true;
}

/** Law 4: once a confirmed release has booted, booting it again writes nothing. */
export function law4ConfirmedBootsWriteNothing(
  examined: Examined,
  { boot, sectorSize }: Expectation,
): boolean {
  const { started } = examined.outcome;
  if (started === undefined || started.attempt !== undefined) return false;
  const again = new BlocksDevice(examined.booted.blocks, sectorSize);
  boot(again);
  if (again.written.size > 0) throw new Violation(4, `a second boot writes ${again.written.size} blocks`);
  return true;
}

/** Law 5: every failed slot's release is in the failure list, also of those that this boot has given up. */
export function law5WhatFailedStaysKnown({ volume, booted }: Examined, { sectorSize }: Expectation): boolean {
  if (volume === undefined) return false;
  const after =
    booted.written.size === 0 ? [] : [Volume.open(new BlocksDevice(booted.blocks, sectorSize)).record];
  let found = false;
  for (const each of [volume.record, ...after]) {
    const known = new Set(each.failures.map(({ releaseDigest }) => releaseDigest));
    for (const slot of each.slots.filter(({ state }) => state === 'failed')) {
      found = true;
      if (!known.has(slot.releaseDigest)) {
        throw new Violation(5, `slot ${slot.index} failed and is not in the list`);
      }
    }
  }
  return found;
}

/** Law 6: no live slot is below the floor. */
export function law6FloorCannotBrick({ volume }: Examined): boolean {
  if (volume === undefined) return false;
  const { floor, slots } = volume.record;
  const live = slots.filter(({ state }) => state === 'trial' || state === 'confirmed');
  for (const slot of live) {
    const version = numberOf(slot.releaseDigest);
    if (version !== undefined && BigInt(version) < floor) {
      throw new Violation(6, `slot ${slot.index} has security version ${version}, the floor is ${floor}`);
    }
  }
  return live.length > 0;
}

/** Law 7: superblock copies, rings and data lie in different erase groups, and a volume that has both rings in one is none. */
export function law7Geometry({ volume, blocks }: Examined, { open, boot, sectorSize }: Expectation): boolean {
  if (volume === undefined) return false;
  const { groupBlocks, ringBlocks, ringRecords, totalBlocks, dataStart, dataEnd } = volume.superblock;
  const groups = [0, totalBlocks - 1, ...ringBlocks].map((block) => Math.floor(block / groupBlocks));
  const inData = groups.some((group) => group * groupBlocks >= dataStart && group * groupBlocks < dataEnd);
  if (new Set(groups).size !== groups.length || inData) {
    throw new Violation(7, `superblocks and rings lie in the erase groups ${groups.join(', ')}`);
  }
  const second = BigInt(ringBlocks[0] + ringRecords);
  const device = new BlocksDevice(
    withSuperblocks(blocks, (view) => view.setBigUint64(SUPERBLOCK.fields.ring1Block.offset, second, true)),
    sectorSize,
  );
  const { started, failure } = boot(device);
  const opened = attempt(() => open(device));
  if (started !== undefined || failure?.error !== 'SDFS_BAD_GEOMETRY' || opened !== 'SDFS_BAD_GEOMETRY') {
    const seen = typeof opened === 'string' ? opened : 'it is opened';
    throw new Violation(7, `both rings in one erase group: ${failure?.error ?? 'boots'}, ${seen}`);
  }
  return true;
}

/**
 * Law 10: an unknown incompat bit is refused, a compat bit is passed over, and with a ro-compat bit nothing is written, no trial
 * starts, and everything else goes its way.
 */
export function law10UnknownFeatureBits(
  { volume, blocks, outcome }: Examined,
  { open, boot, sectorSize }: Expectation,
): boolean {
  if (volume === undefined) return false;
  const isTrial = outcome.started?.attempt !== undefined;
  const confirmed = volume.record.slots.some(({ state }) => state === 'confirmed');
  for (const feature of ['incompat', 'roCompat', 'compat'] as const) {
    const { offset } = SUPERBLOCK.fields[feature];
    const withBit = withSuperblocks(blocks, (view) =>
      view.setUint8(offset + 3, view.getUint8(offset + 3) | 0x80),
    );
    const device = new BlocksDevice(withBit, sectorSize);
    const { started, failure } = boot(device);
    const writable = attempt(() => open(device).writable);
    const same = started?.slot === outcome.started?.slot && started?.attempt === outcome.started?.attempt;
    const right = {
      incompat:
        started === undefined &&
        failure?.error === 'SDFS_UNSUPPORTED_FEATURE' &&
        writable === 'SDFS_UNSUPPORTED_FEATURE',
      roCompat:
        device.written.size === 0 &&
        started?.attempt === undefined &&
        writable === false &&
        (isTrial ? !confirmed || started !== undefined : same),
      compat: writable === true && same,
    };
    if (right[feature]) continue;
    const seen = started === undefined ? (failure?.error ?? 'nothing') : `slot ${started.slot}`;
    throw new Violation(10, `an unknown ${feature} bit: ${seen} boots, writable ${writable}`);
  }
  return true;
}

export function bootedRelease({ started }: BootOutcome): Boots {
  return started === undefined ? 'nothing' : (numberOf(started.releaseDigest) ?? Number.NaN);
}

const ZEROS = new Uint8Array(LIMITS.BLOCK_SIZE);

function attempt<T>(action: () => T): T | SdfsErrorCode {
  try {
    return action();
  } catch (thrown) {
    return codeOf(thrown);
  }
}

/** Law 8: anything but a value or an error of ours ends the proof. */
export function codeOf(thrown: unknown): SdfsErrorCode {
  if (isSdfsError(thrown)) return thrown.code;
  throw new Violation(8, thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
}
