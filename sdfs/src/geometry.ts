/** From a size and wishes to the places of everything (FORMAT.md §2, §12). */
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE, LIMITS } from './format.ts';
import type { Superblock } from './superblock.ts';

/** What one may choose about a volume's geometry. */
export interface GeometryOptions {
  /** 2 to 16. */
  readonly slots: number;
  /** Blocks of an erase group, a power of two, 16 to 16384. */
  readonly groupBlocks: number;
  /** Records in each ring, a power of two, 2 to 256, at most `groupBlocks`. */
  readonly ringRecords: number;
}

/** Three slots, groups of 4 MiB, 64 records in each ring. */
export const DEFAULT_GEOMETRY: GeometryOptions = { slots: 3, groupBlocks: 1024, ringRecords: 64 };

type Places = Pick<
  Superblock,
  'totalBlocks' | 'groupBlocks' | 'slotCount' | 'ringBlocks' | 'ringRecords' | 'dataStart' | 'dataEnd'
>;

/** Bytes of the smallest volume with this geometry: one data group for each slot. */
export function smallestVolume({
  slots,
  groupBlocks,
}: Pick<GeometryOptions, 'slots' | 'groupBlocks'>): number {
  return ((slots + 3) * groupBlocks + 1) * BLOCK_SIZE;
}

/** Whether a volume that begins at byte `startBytes` of its medium has the medium's erase groups for its own (FORMAT.md §1). */
export function isAligned(startBytes: number, groupBlocks: number): boolean {
  return startBytes % (groupBlocks * BLOCK_SIZE) === 0;
}

/** Places everything in `sizeBytes`. Throws `SDFS_BAD_GEOMETRY` for a choice outside its limits, `SDFS_TOO_SMALL`. */
export function planGeometry(sizeBytes: number, options: GeometryOptions): Places {
  const { slots, groupBlocks, ringRecords } = options;
  checkChoice('slots', slots, LIMITS.MIN_SLOTS, LIMITS.MAX_SLOTS);
  checkPower('groupBlocks', groupBlocks, LIMITS.MIN_GROUP_BLOCKS, LIMITS.MAX_GROUP_BLOCKS);
  checkPower(
    'ringRecords',
    ringRecords,
    LIMITS.MIN_RING_RECORDS,
    Math.min(LIMITS.MAX_RING_RECORDS, groupBlocks),
  );
  const totalBlocks = Math.min(Math.floor(sizeBytes / BLOCK_SIZE), LIMITS.MAX_TOTAL_BLOCKS - 1);
  const least = smallestVolume(options);
  if (totalBlocks * BLOCK_SIZE < least) {
    throw new SdfsError(
      'SDFS_TOO_SMALL',
      `Cannot make a volume of ${sizeBytes} bytes: ${slots} slots with erase groups of ${groupBlocks * BLOCK_SIZE} bytes take at least ${least}`,
      {
        hint: 'Make it larger, or choose fewer slots or a smaller erase group.',
        facts: { expected: least, actual: sizeBytes },
      },
    );
  }
  return {
    totalBlocks,
    groupBlocks,
    slotCount: slots,
    ringBlocks: [groupBlocks, 2 * groupBlocks],
    ringRecords,
    dataStart: 3 * groupBlocks,
    dataEnd: Math.floor((totalBlocks - 1) / groupBlocks) * groupBlocks,
  };
}

function checkChoice(name: string, value: number, least: number, most: number, rule = ''): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw badChoice(name, value, least, most, rule);
}

function checkPower(name: string, value: number, least: number, most: number): void {
  checkChoice(name, value, least, most, 'a power of two, ');
  if (!Number.isInteger(Math.log2(value))) throw badChoice(name, value, least, most, 'a power of two, ');
}

function badChoice(name: string, value: number, least: number, most: number, rule: string): SdfsError {
  const expected = `${rule}${least} to ${most}`;
  return new SdfsError(
    'SDFS_BAD_GEOMETRY',
    `Cannot make a volume: ${name} is ${value}, expected ${expected}`,
    {
      facts: { field: name, actual: value, expected },
    },
  );
}
