/** What makes a superblock copy valid, as the list of FORMAT.md §3.2, step 2, in its order. */
import type { ReaderErrorCode } from './errors.ts';
import { BLOCK_SIZE, FORMAT_VERSION, LIMITS, MAGIC, type SuperblockFields } from './format.ts';

/** One check: what it finds in which field, whether that will do, and what would. */
export interface SuperblockCheck {
  readonly code: ReaderErrorCode;
  /** As FORMAT.md §3.1 names it. */
  readonly field: string;
  readonly actual: string | number | bigint;
  readonly holds: boolean;
  readonly expected: string | number;
}

/** What a copy is checked against besides itself. */
export interface SuperblockContext {
  /** CRC of its bytes; nothing when bytes are missing, for then none is right. */
  readonly crc: number | undefined;
  readonly copy: 'A' | 'B';
  readonly deviceBlocks: number;
}

/** All checks; the first that does not hold is the fault. */
export function superblockChecks(
  fields: SuperblockFields,
  { crc, copy, deviceBlocks }: SuperblockContext,
): readonly SuperblockCheck[] {
  return [
    equal('SDFS_BAD_MAGIC', 'magic', fields.magic, MAGIC.superblock),
    {
      code: 'SDFS_BAD_CHECKSUM',
      field: 'crc',
      actual: fields.crc,
      holds: fields.crc === crc,
      expected: crc ?? '512 bytes',
    },
    equal('SDFS_UNSUPPORTED_VERSION', 'version', fields.version, FORMAT_VERSION),
    equal('SDFS_UNSUPPORTED_FEATURE', 'incompat', fields.incompat, 0),
    ...geometryChecks(fields, copy),
    {
      code: 'SDFS_TRUNCATED_DEVICE',
      field: 'total_blocks',
      actual: fields.totalBlocks,
      holds: fields.totalBlocks <= BigInt(deviceBlocks),
      expected: `at most ${deviceBlocks}`,
    },
  ];
}

function geometryChecks(fields: SuperblockFields, copy: 'A' | 'B'): readonly SuperblockCheck[] {
  const { groupBlocks, slotCount, ringRecords, totalBlocks } = fields;
  const group = BigInt(groupBlocks);
  const lastGroup = group === 0n || totalBlocks === 0n ? 0n : (totalBlocks - 1n) / group;
  const leastGroups = BigInt(slotCount) + 3n;
  const mostRecords = Math.min(LIMITS.MAX_RING_RECORDS, groupBlocks);
  return [
    equal(GEOMETRY, 'block_size', fields.blockSize, BLOCK_SIZE),
    equal(GEOMETRY, 'copy', fields.copy, copy === 'A' ? 0 : 1),
    powerWithin('group_blocks', groupBlocks, LIMITS.MIN_GROUP_BLOCKS, LIMITS.MAX_GROUP_BLOCKS),
    {
      code: GEOMETRY,
      field: 'slot_count',
      actual: slotCount,
      holds: slotCount >= LIMITS.MIN_SLOTS && slotCount <= LIMITS.MAX_SLOTS,
      expected: `${LIMITS.MIN_SLOTS} to ${LIMITS.MAX_SLOTS}`,
    },
    powerWithin('ring_records', ringRecords, LIMITS.MIN_RING_RECORDS, mostRecords),
    {
      code: GEOMETRY,
      field: 'total_blocks',
      actual: totalBlocks,
      holds: totalBlocks < BigInt(LIMITS.MAX_TOTAL_BLOCKS) && lastGroup >= leastGroups,
      expected: `${leastGroups * group + 1n} to ${LIMITS.MAX_TOTAL_BLOCKS - 1}`,
    },
    equal(GEOMETRY, 'ring0_block', fields.ring0Block, group),
    equal(GEOMETRY, 'ring1_block', fields.ring1Block, 2n * group),
    equal(GEOMETRY, 'data_start', fields.dataStart, 3n * group),
    equal(GEOMETRY, 'data_end', fields.dataEnd, lastGroup * group),
  ];
}

const GEOMETRY = 'SDFS_BAD_GEOMETRY';

function equal<Value extends string | number | bigint>(
  code: ReaderErrorCode,
  field: string,
  actual: Value,
  expected: Value,
): SuperblockCheck {
  return {
    code,
    field,
    actual,
    holds: actual === expected,
    expected: typeof expected === 'bigint' ? String(expected) : expected,
  };
}

function powerWithin(field: string, actual: number, least: number, most: number): SuperblockCheck {
  const holds = actual >= least && actual <= most && Number.isInteger(Math.log2(actual));
  return { code: GEOMETRY, field, actual, holds, expected: `a power of two, ${least} to ${most}` };
}
