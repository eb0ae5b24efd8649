/** The volumes that operations are cut on. */
import { LIMITS, smallestVolume } from '@cocon-os/sdfs';

/** A volume's measures. */
export interface Geometry {
  readonly name: string;
  /** Each has its own, so that no two volumes have a disk in common. */
  readonly uuid: string;
  readonly slots: number;
  readonly sectorSize: 512 | 4096;
  readonly groupBlocks: number;
  readonly ringRecords: number;
  /** Sequence of the first record. */
  readonly sequence: bigint;
  /** Erase groups beyond those of the smallest volume. */
  readonly spareGroups: number;
}

const plain = (number: number) =>
  ({
    uuid: `01234567-89ab-4cde-8f01-${String(number).padStart(12, '0')}`,
    sectorSize: 512,
    groupBlocks: 16,
    ringRecords: 2,
    sequence: 1n,
    spareGroups: 3,
  }) as const;

/** Those that take longest first, so that the threads of a proof end together. */
export const GEOMETRIES: readonly Geometry[] = [
  { ...plain(2), name: 'three slots', slots: 3, ringRecords: 4 },
  { ...plain(5), name: 'sequence before its wrap', slots: 3, sequence: 2n ** 64n - 3n },
  { ...plain(6), name: 'sequence at half its range', slots: 3, sequence: 2n ** 63n - 3n },
  { ...plain(3), name: 'sixteen slots', slots: 16 },
  { ...plain(1), name: 'two slots, the smallest volume', slots: 2, spareGroups: 0 },
  { ...plain(4), name: 'sectors of 4096 bytes', slots: 3, sectorSize: 4096 },
];

/** Blocks of the volume's device. */
export function blocksOf({ slots, groupBlocks, spareGroups }: Geometry): number {
  return smallestVolume({ slots, groupBlocks }) / LIMITS.BLOCK_SIZE + spareGroups * groupBlocks;
}
