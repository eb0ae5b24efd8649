/** The superblock: where everything is (FORMAT.md §3). Written by mkfs, then never again. */
import type { BlockDevice } from './block-device.ts';
import { structureCrc } from './crc.ts';
import { isSdfsError, SdfsError, type SdfsErrorCode } from './errors.ts';
import { BLOCK_SIZE, FORMAT_VERSION, MAGIC, SUPERBLOCK, type SuperblockFields } from './format.ts';
import { decode, encode } from './struct.ts';
import { superblockChecks } from './superblock-checks.ts';

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
  const raw = bytes.length < SUPERBLOCK.sizeBytes ? padded(bytes) : bytes.subarray(0, SUPERBLOCK.sizeBytes);
  const fields = decode(SUPERBLOCK, raw);
  const crc = bytes.length < SUPERBLOCK.sizeBytes ? undefined : structureCrc(raw, SUPERBLOCK.fields.crc);
  const failed = superblockChecks(fields, { crc, copy, deviceBlocks }).find((check) => !check.holds);
  if (failed === undefined) return fromFields(fields);

  const { code, field, actual, expected } = failed;
  const offset = copyOffset(copy, deviceBlocks);
  const hint = HINTS[code];
  throw new SdfsError(
    code,
    `Cannot read superblock copy ${copy} of "${name}" at byte ${offset}: ${field} is ${actual}, expected ${expected}`,
    { facts: { offset, field, expected, actual: String(actual) }, ...(hint === undefined ? {} : { hint }) },
  );
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

const HINTS: Partial<Record<SdfsErrorCode, string>> = {
  SDFS_BAD_MAGIC: 'Is this an SDFS volume? sdfs mkfs makes one.',
  SDFS_UNSUPPORTED_VERSION: 'The volume was made by a newer sdfs; use that.',
  SDFS_UNSUPPORTED_FEATURE: 'The volume was made by a newer sdfs; use that.',
  SDFS_TRUNCATED_DEVICE: 'The device or image file is cut off; copy it again in full.',
};

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

function copyOffset(copy: SuperblockCopy, deviceBlocks: number): number {
  return copy === 'A' ? 0 : (deviceBlocks - 1) * BLOCK_SIZE;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(SUPERBLOCK.sizeBytes);
  whole.set(bytes);
  return whole;
}
