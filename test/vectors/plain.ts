/**
 * What was read, as plain JSON that both languages can build: numbers that use all 64 bits as decimal text, progress and
 * reason as numbers, nothing that only one reader keeps.
 */
import {
  PROGRESS,
  REASONS,
  type BootRecord,
  type Descriptor,
  type Release,
  type Superblock,
  type Volume,
} from '@cocon-os/sdfs';

/** A superblock. */
export function plainSuperblock(superblock: Superblock) {
  const {
    volumeUuid,
    copy,
    compat,
    roCompat,
    totalBlocks,
    groupBlocks,
    slotCount,
    ringRecords,
    dataStart,
    dataEnd,
  } = superblock;
  return {
    volumeUuid,
    copy: copy === 0 ? 'A' : 'B',
    compat,
    roCompat,
    totalBlocks,
    groupBlocks,
    slotCount,
    ringRecords,
    dataStart,
    dataEnd,
  };
}

/** A boot record. An empty slot is told by its state and generation alone, for nothing else of it has a meaning. */
export function plainRecord(record: BootRecord) {
  return {
    sequence: String(record.sequence),
    floor: String(record.floor),
    time: String(record.time),
    writer: record.writer,
    slots: record.slots.map((slot) =>
      slot.state === 'empty'
        ? { state: slot.state, generation: String(slot.generation) }
        : {
            state: slot.state,
            flags: slot.flags,
            priority: slot.priority,
            attemptsLeft: slot.attemptsLeft,
            attemptsTotal: slot.attemptsTotal,
            interruptionsLeft: slot.interruptionsLeft,
            progress: numberOf(PROGRESS, slot.progress),
            reason: numberOf(REASONS, slot.reason),
            detail: slot.detail,
            generation: String(slot.generation),
            descriptorBlock: slot.descriptorBlock,
            descriptorBlocks: slot.descriptorBlocks,
            descriptorCrc: slot.descriptorCrc,
            releaseDigest: slot.releaseDigest,
            shutdowns: slot.shutdowns,
          },
    ),
    failures: record.failures.map((failure) => ({
      releaseDigest: failure.releaseDigest,
      generation: String(failure.generation),
      reason: numberOf(REASONS, failure.reason),
      progress: numberOf(PROGRESS, failure.progress),
      detail: failure.detail,
    })),
    outputs: record.outputs.map(({ generation, output }) => ({ generation: String(generation), output })),
  };
}

/** A slot descriptor. */
export function plainDescriptor(descriptor: Descriptor) {
  return {
    files: descriptor.files.map(({ name, size, sha256, extents }) => ({ name, size, sha256, extents })),
  };
}

/** What a release says of itself. */
export function plainRelease({
  name,
  version,
  architecture,
  securityVersion,
  attempts,
  commandLine,
}: Release) {
  return { name, version, architecture, securityVersion, attempts, commandLine };
}

/** A whole volume: each descriptor, or why it cannot be read; `null` for an empty slot. */
export function plainVolume(volume: Volume, errorCode: (thrown: unknown) => string) {
  return {
    superblock: plainSuperblock(volume.superblock),
    record: plainRecord(volume.record),
    descriptors: volume.record.slots.map((slot) => {
      if (slot.state === 'empty') return null;
      try {
        return plainDescriptor(volume.descriptor(slot.index));
      } catch (thrown) {
        return { error: errorCode(thrown) };
      }
    }),
  };
}

function numberOf(names: readonly string[], name: string): number {
  const known = names.indexOf(name);
  return known < 0 ? Number(name) : known;
}
