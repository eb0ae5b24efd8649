/** The two rings of boot records: which one counts, and how the next one gets there (FORMAT.md §4.6, §4.7). */
import type { BlockDevice } from './block-device.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE } from './format.ts';
import type { RecordDraft, Stamp } from './record-draft.ts';
import { parseRecord, type BootRecord } from './record.ts';
import { isNewer, nextSequence, ringPosition } from './ring-position.ts';
import type { Superblock } from './superblock.ts';

/** What one block of a ring holds. */
export interface RingBlock {
  readonly ring: 0 | 1;
  readonly index: number;
  readonly block: number;
  readonly result: { readonly record: BootRecord } | { readonly error: SdfsError; readonly blank: boolean };
}

/** Looks at every block of both rings, ring 0 first. Never throws for what it finds. */
export function scanRings(device: BlockDevice, superblock: Superblock): readonly RingBlock[] {
  return ([0, 1] as const).flatMap((ring) => {
    const first = superblock.ringBlocks[ring];
    const whole = readWhole(device, first, superblock.ringRecords);
    return Array.from({ length: superblock.ringRecords }, (_, index): RingBlock => {
      const block = first + index;
      return {
        ring,
        index,
        block,
        result: readRingBlock(
          device,
          superblock,
          block,
          whole?.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE),
        ),
      };
    });
  });
}

/** The record that counts (FORMAT.md §4.6, step 3). Throws `SDFS_NO_RECORD`. */
export function currentRecord(blocks: readonly RingBlock[], name: string): BootRecord {
  let leader: BootRecord | undefined;
  for (const { result } of blocks) {
    if ('record' in result && (leader === undefined || isNewer(result.record.sequence, leader.sequence))) {
      leader = result.record;
    }
  }
  if (leader !== undefined) return leader;
  throw new SdfsError(
    'SDFS_NO_RECORD',
    `Cannot open volume "${name}": neither ring holds a valid boot record`,
    {
      hint: 'sdfs dump shows what the rings hold. The slots are not lost, but which of them counts is.',
    },
  );
}

/**
 * Writes the draft as the record after `current` and returns it as read back (FORMAT.md §4.7): one more try, in the
 * other ring, when the first write fails or reads back different. Throws the error of the second.
 */
export function writeRecord(
  device: BlockDevice,
  superblock: Superblock,
  current: BootRecord,
  draft: RecordDraft,
  stamp: Stamp,
): BootRecord {
  const sequence = nextSequence(current.sequence);
  try {
    return writeAt(device, superblock, draft, sequence, stamp);
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return writeAt(device, superblock, draft, nextSequence(sequence), stamp);
  }
}

/** Writes a draft under a given sequence, flushes, and reads it back from the medium. */
export function writeAt(
  device: BlockDevice,
  superblock: Superblock,
  draft: RecordDraft,
  sequence: bigint,
  stamp: Stamp,
): BootRecord {
  const block = ringPosition(sequence, superblock);
  const offset = block * BLOCK_SIZE;
  const bytes = draft.seal(sequence, stamp);
  device.write(offset, bytes);
  device.flush();
  device.dropCaches();
  const readBack = new Uint8Array(BLOCK_SIZE);
  device.read(offset, readBack);
  if (readBack.some((byte, index) => byte !== bytes[index])) {
    throw new SdfsError(
      'SDFS_IO',
      `Cannot write boot record ${sequence} to "${device.name}": byte ${offset} reads back different`,
      {
        hint: 'The device fails; replace it.',
        facts: { offset },
      },
    );
  }
  return parseRecord(readBack, block, superblock);
}

function readRingBlock(
  device: BlockDevice,
  superblock: Superblock,
  block: number,
  bytes: Uint8Array | undefined,
): RingBlock['result'] {
  let raw = bytes;
  try {
    raw ??= readBlock(device, block);
    return { record: parseRecord(raw, block, superblock) };
  } catch (thrown) {
    if (isSdfsError(thrown)) return { error: thrown, blank: raw?.every((byte) => byte === 0) ?? false };
    throw thrown;
  }
}

/** A ring in one request; nothing where that fails, for one bad sector must not hide the other records. */
function readWhole(device: BlockDevice, first: number, blocks: number): Uint8Array | undefined {
  const bytes = new Uint8Array(blocks * BLOCK_SIZE);
  try {
    device.read(first * BLOCK_SIZE, bytes);
    return bytes;
  } catch (thrown) {
    if (isSdfsError(thrown)) return undefined;
    throw thrown;
  }
}

function readBlock(device: BlockDevice, block: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_SIZE);
  device.read(block * BLOCK_SIZE, bytes);
  return bytes;
}
