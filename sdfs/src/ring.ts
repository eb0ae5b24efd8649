/** The two rings of boot records: which one counts, and how the next one gets there (FORMAT.md §4.6, §4.7). */
import type { BlockDevice } from './block-device.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE, MAGIC, RECORD_HEADER } from './format.ts';
import type { RecordDraft, Stamp } from './record-draft.ts';
import { parseRecord, type BootRecord } from './record.ts';
import { isNewer, nextSequence, ringPosition } from './ring-position.ts';
import { decode } from './struct.ts';
import type { Superblock } from './superblock.ts';

const RINGS = [0, 1] as const;
/** Of `MAGIC.record`. */
const MAGIC_FIRST_BYTE = Number.parseInt(MAGIC.record.slice(0, 2), 16);

/** What one block of a ring holds. */
export interface RingBlock {
  readonly ring: 0 | 1;
  readonly index: number;
  readonly block: number;
  readonly result: { readonly record: BootRecord } | { readonly error: SdfsError; readonly blank: boolean };
}

/** Looks at every block of both rings, ring 0 first. Never throws for what it finds. */
export function scanRings(device: BlockDevice, superblock: Superblock): readonly RingBlock[] {
  return RINGS.flatMap((ring) =>
    readRing(device, superblock, ring).map((bytes, index): RingBlock => {
      const block = superblock.ringBlocks[ring] + index;
      return { ring, index, block, result: readRingBlock(superblock, block, bytes) };
    }),
  );
}

/**
 * The record that counts, found by a close look at as few blocks as may be: the newest by its header is checked, and the one
 * before it only when that fails. The outcome is that of {@link currentRecord} over {@link scanRings}, which takes fifty times
 * as long: most of a short command's time on a slow processor. Throws `SDFS_NO_RECORD`.
 */
export function readCurrentRecord(device: BlockDevice, superblock: Superblock): BootRecord {
  const likely = RINGS.flatMap((ring) => likelyRecords(superblock, ring, readRing(device, superblock, ring)));
  const reference = likely[0]?.sequence ?? 0n;
  const age = (sequence: bigint): bigint => BigInt.asIntN(64, reference - sequence);
  const ages = likely.map(({ sequence }) => age(sequence));
  const [youngest, oldest] = [min(ages), -min(ages.map((each) => -each))];
  // "Newer" is an order only among numbers that lie less than half of them all apart; others are compared pair by pair.
  if (oldest - youngest >= 1n << 63n) return currentRecord(scanRings(device, superblock), device.name);
  for (const { block, bytes } of likely.toSorted((a, b) => (age(a.sequence) < age(b.sequence) ? -1 : 1))) {
    const result = readRingBlock(superblock, block, bytes);
    if ('record' in result) return result.record;
  }
  throw noRecord(device.name);
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
  throw noRecord(name);
}

function noRecord(name: string): SdfsError {
  return new SdfsError(
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

/** A block that has the marks of a record: magic, and a sequence that belongs there. */
interface LikelyRecord {
  readonly block: number;
  readonly bytes: Uint8Array;
  readonly sequence: bigint;
}

function likelyRecords(
  superblock: Superblock,
  ring: 0 | 1,
  blocks: readonly Block[],
): readonly LikelyRecord[] {
  return blocks.flatMap((bytes, index) => {
    if (!(bytes instanceof Uint8Array) || bytes[0] !== MAGIC_FIRST_BYTE) return [];
    const block = superblock.ringBlocks[ring] + index;
    const { magic, sequence } = decode(RECORD_HEADER, bytes);
    return magic === MAGIC.record && ringPosition(sequence, superblock) === block
      ? [{ block, bytes, sequence }]
      : [];
  });
}

function min(values: readonly bigint[]): bigint {
  return values.reduce((least, each) => (each < least ? each : least), values[0] ?? 0n);
}

function readRingBlock(superblock: Superblock, block: number, bytes: Block): RingBlock['result'] {
  if (!(bytes instanceof Uint8Array)) return { error: bytes, blank: false };
  try {
    return { record: parseRecord(bytes, block, superblock) };
  } catch (thrown) {
    if (isSdfsError(thrown)) return { error: thrown, blank: bytes.every((byte) => byte === 0) };
    throw thrown;
  }
}

/** The contents of a block, or why it could not be read. */
type Block = Uint8Array | SdfsError;

/** A ring in one request, block by block where that fails: one bad sector must not hide the other records. */
function readRing(
  device: BlockDevice,
  { ringBlocks, ringRecords }: Superblock,
  ring: 0 | 1,
): readonly Block[] {
  const first = ringBlocks[ring];
  const whole = readBytes(device, first, ringRecords);
  return Array.from({ length: ringRecords }, (_, index) =>
    whole instanceof Uint8Array
      ? whole.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE)
      : readBytes(device, first + index, 1),
  );
}

function readBytes(device: BlockDevice, first: number, blocks: number): Block {
  const bytes = new Uint8Array(blocks * BLOCK_SIZE);
  try {
    device.read(first * BLOCK_SIZE, bytes);
    return bytes;
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown;
    throw thrown;
  }
}
