/** The arithmetic of sequences: where a record belongs, and which of two is newer (FORMAT.md §4.1, §4.6). */
import type { Superblock } from './superblock.ts';

/** The block where the record with this sequence belongs. */
export function ringPosition(sequence: bigint, superblock: Superblock): number {
  const index = (sequence >> 1n) % BigInt(superblock.ringRecords);
  return superblock.ringBlocks[ringOf(sequence)] + Number(index);
}

/** The ring to which a sequence belongs. */
export function ringOf(sequence: bigint): 0 | 1 {
  return sequence % 2n === 0n ? 0 : 1;
}

/** Whether sequence `a` is newer than `b`, also where the numbers wrap. */
export function isNewer(a: bigint, b: bigint): boolean {
  const distance = BigInt.asUintN(64, a - b);
  return distance >= 1n && distance < 1n << 63n;
}

/** The sequence after `sequence`. */
export function nextSequence(sequence: bigint): bigint {
  return BigInt.asUintN(64, sequence + 1n);
}
