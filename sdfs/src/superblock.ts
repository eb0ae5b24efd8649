/** The superblock: where everything is (FORMAT.md §3). Written by mkfs, then never again. */
import type { BlockDevice } from './block-device.ts';
import { structureCrc } from './crc.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE, FORMAT_VERSION, LIMITS, MAGIC, SUPERBLOCK, type SuperblockFields } from './format.ts';
import { decode, encode } from './struct.ts';

/** A valid superblock: every number has been checked against the others and against the device. */
export interface Superblock {
  readonly volumeUuid: string;
  readonly label: string;
  /** Unknown bits ask for nothing. */
  readonly compat: number;
  /** Unknown bits forbid to write. */
  readonly roCompat: number;
  /** The copy that was read: 0 for A, 1 for B. */
  readonly copy: number;
  readonly totalBlocks: number;
  readonly groupBlocks: number;
  readonly slotCount: number;
  /** First blocks of ring 0 and ring 1. */
  readonly ringBlocks: readonly [number, number];
  readonly ringRecords: number;
  /** First data block, and one past the last. */
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** Copy A is in the first block, copy B in the last. */
export type SuperblockCopy = 'A' | 'B';

/** What one copy holds: a superblock, or why there is none. */
export type CopyResult =
  | { readonly superblock: Superblock; readonly bytes: Uint8Array }
  | { readonly error: SdfsError };

/** Reads whichever copy counts (FORMAT.md §3.2, step 3). Throws the error of the copy that is to blame. */
export function readSuperblock(device: BlockDevice): Superblock {
  const a = readSuperblockCopy(device, 'A');
  if ('superblock' in a) return a.superblock;
  const b = readSuperblockCopy(device, 'B');
  if ('superblock' in b) return b.superblock;
  throw isForeign(a.error) && !isForeign(b.error) ? b.error : a.error;
}

/** Reads one copy. Throws `SDFS_TOO_SMALL` only; everything else is a value. */
export function readSuperblockCopy(device: BlockDevice, copy: SuperblockCopy): CopyResult {
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_SIZE);
  if (deviceBlocks < 2) {
    throw new SdfsError(
      'SDFS_TOO_SMALL',
      `Cannot open "${device.name}" as a volume: it has ${device.sizeBytes} bytes, a superblock in each of two blocks takes ${2 * BLOCK_SIZE}`,
      { facts: { expected: 2 * BLOCK_SIZE, actual: device.sizeBytes } },
    );
  }
  const bytes = new Uint8Array(BLOCK_SIZE);
  try {
    device.read(copyOffset(copy, deviceBlocks), bytes);
    return { superblock: parseSuperblock(bytes, copy, deviceBlocks, device.name), bytes };
  } catch (thrown) {
    if (isSdfsError(thrown)) return { error: thrown };
    throw thrown;
  }
}

/** Checks the 512 bytes of one copy in the order of FORMAT.md §3.2, step 2, and throws at the first fault. */
export function parseSuperblock(
  bytes: Uint8Array,
  copy: SuperblockCopy,
  deviceBlocks: number,
  name = 'memory',
): Superblock {
  const offset = copyOffset(copy, deviceBlocks);
  const refuse = (
    code:
      | 'SDFS_BAD_MAGIC'
      | 'SDFS_BAD_CHECKSUM'
      | 'SDFS_UNSUPPORTED_VERSION'
      | 'SDFS_UNSUPPORTED_FEATURE'
      | 'SDFS_BAD_GEOMETRY'
      | 'SDFS_TRUNCATED_DEVICE',
    field: string,
    actual: string | number | bigint,
    expected: string | number,
    hint?: string,
  ): SdfsError =>
    new SdfsError(
      code,
      `Cannot read superblock copy ${copy} of "${name}" at byte ${offset}: ${field} is ${actual}, expected ${expected}`,
      { facts: { offset, field, expected, actual: factOf(actual) }, ...(hint === undefined ? {} : { hint }) },
    );

  const raw = bytes.length < SUPERBLOCK.sizeBytes ? padded(bytes) : bytes.subarray(0, SUPERBLOCK.sizeBytes);
  const fields = decode(SUPERBLOCK, raw);
  if (fields.magic !== MAGIC.superblock) {
    throw refuse(
      'SDFS_BAD_MAGIC',
      'magic',
      fields.magic,
      MAGIC.superblock,
      'Is this an SDFS volume? sdfs mkfs makes one.',
    );
  }
  const crc = structureCrc(raw, SUPERBLOCK.fields.crc);
  if (fields.crc !== crc || bytes.length < SUPERBLOCK.sizeBytes) {
    throw refuse('SDFS_BAD_CHECKSUM', 'crc', fields.crc, crc);
  }
  if (fields.version !== FORMAT_VERSION) {
    throw refuse(
      'SDFS_UNSUPPORTED_VERSION',
      'version',
      fields.version,
      FORMAT_VERSION,
      'The volume was made by a newer sdfs; use that.',
    );
  }
  if (fields.incompat !== 0) {
    throw refuse(
      'SDFS_UNSUPPORTED_FEATURE',
      'incompat',
      fields.incompat,
      0,
      'The volume was made by a newer sdfs; use that.',
    );
  }
  for (const [field, actual, holds, expected] of geometryChecks(fields, copy)) {
    if (!holds) throw refuse('SDFS_BAD_GEOMETRY', field, actual, expected);
  }
  if (fields.totalBlocks > BigInt(deviceBlocks)) {
    throw refuse(
      'SDFS_TRUNCATED_DEVICE',
      'total_blocks',
      fields.totalBlocks,
      `at most ${deviceBlocks}`,
      'The device or image file is cut off; copy it again in full.',
    );
  }
  return fromFields(fields);
}

/** One block that holds the given copy of a superblock. */
export function encodeSuperblock(superblock: Superblock, copy: SuperblockCopy): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  encode(
    SUPERBLOCK,
    {
      ...superblock,
      magic: MAGIC.superblock,
      version: FORMAT_VERSION,
      incompat: 0,
      copy: copy === 'A' ? 0 : 1,
      totalBlocks: BigInt(superblock.totalBlocks),
      ring0Block: BigInt(superblock.ringBlocks[0]),
      ring1Block: BigInt(superblock.ringBlocks[1]),
      blockSize: BLOCK_SIZE,
      dataStart: BigInt(superblock.dataStart),
      dataEnd: BigInt(superblock.dataEnd),
    },
    block,
  );
  encode(
    SUPERBLOCK,
    { crc: structureCrc(block.subarray(0, SUPERBLOCK.sizeBytes), SUPERBLOCK.fields.crc) },
    block,
  );
  return block;
}

/** Whether `blocks` blocks from `start` lie wholly inside the data groups. */
export function holdsData(superblock: Superblock, start: bigint, blocks: number): boolean {
  return start >= BigInt(superblock.dataStart) && start + BigInt(blocks) <= BigInt(superblock.dataEnd);
}

type Check = readonly [field: string, actual: number | bigint, holds: boolean, expected: string | number];

function geometryChecks(fields: SuperblockFields, copy: SuperblockCopy): readonly Check[] {
  const { groupBlocks, slotCount, ringRecords, totalBlocks } = fields;
  const group = BigInt(groupBlocks);
  const lastGroup = group === 0n || totalBlocks === 0n ? 0n : (totalBlocks - 1n) / group;
  const copyNumber = copy === 'A' ? 0 : 1;
  const minBlocks = (BigInt(slotCount) + 3n) * group + 1n;
  return [
    ['block_size', fields.blockSize, fields.blockSize === BLOCK_SIZE, BLOCK_SIZE],
    ['copy', fields.copy, fields.copy === copyNumber, copyNumber],
    [
      'group_blocks',
      groupBlocks,
      isPowerWithin(groupBlocks, LIMITS.MIN_GROUP_BLOCKS, LIMITS.MAX_GROUP_BLOCKS),
      `a power of two, ${LIMITS.MIN_GROUP_BLOCKS} to ${LIMITS.MAX_GROUP_BLOCKS}`,
    ],
    [
      'slot_count',
      slotCount,
      slotCount >= LIMITS.MIN_SLOTS && slotCount <= LIMITS.MAX_SLOTS,
      `${LIMITS.MIN_SLOTS} to ${LIMITS.MAX_SLOTS}`,
    ],
    [
      'ring_records',
      ringRecords,
      isPowerWithin(ringRecords, LIMITS.MIN_RING_RECORDS, Math.min(LIMITS.MAX_RING_RECORDS, groupBlocks)),
      `a power of two, ${LIMITS.MIN_RING_RECORDS} to ${LIMITS.MAX_RING_RECORDS}, at most group_blocks`,
    ],
    [
      'total_blocks',
      totalBlocks,
      totalBlocks < BigInt(LIMITS.MAX_TOTAL_BLOCKS) && lastGroup >= BigInt(slotCount) + 3n,
      `at least ${minBlocks}, less than ${LIMITS.MAX_TOTAL_BLOCKS}`,
    ],
    ['ring0_block', fields.ring0Block, fields.ring0Block === group, groupBlocks],
    ['ring1_block', fields.ring1Block, fields.ring1Block === 2n * group, 2 * groupBlocks],
    ['data_start', fields.dataStart, fields.dataStart === 3n * group, 3 * groupBlocks],
    ['data_end', fields.dataEnd, fields.dataEnd === lastGroup * group, String(lastGroup * group)],
  ];
}

/** Called once the geometry has been checked: each place is below 2^40 and thus exact. */
function fromFields(fields: SuperblockFields): Superblock {
  return {
    volumeUuid: fields.volumeUuid,
    label: fields.label,
    compat: fields.compat,
    roCompat: fields.roCompat,
    copy: fields.copy,
    totalBlocks: Number(fields.totalBlocks),
    groupBlocks: fields.groupBlocks,
    slotCount: fields.slotCount,
    ringBlocks: [Number(fields.ring0Block), Number(fields.ring1Block)],
    ringRecords: fields.ringRecords,
    dataStart: Number(fields.dataStart),
    dataEnd: Number(fields.dataEnd),
  };
}

/** Whether a copy with this error may be no superblock of ours at all. */
function isForeign(error: SdfsError): boolean {
  return isSdfsError(error, 'SDFS_BAD_MAGIC', 'SDFS_BAD_CHECKSUM', 'SDFS_IO');
}

function isPowerWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && Number.isInteger(Math.log2(value));
}

function copyOffset(copy: SuperblockCopy, deviceBlocks: number): number {
  return copy === 'A' ? 0 : (deviceBlocks - 1) * BLOCK_SIZE;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(SUPERBLOCK.sizeBytes);
  whole.set(bytes);
  return whole;
}

function factOf(value: string | number | bigint): string | number {
  return typeof value === 'bigint' ? String(value) : value;
}
