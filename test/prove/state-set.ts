/** Which disks have been seen: by a hash of 53 bits over all of a disk's blocks, so that a million of them cost few megabytes. */
import { hash } from 'node:crypto';

import type { Blocks } from './blocks-device.ts';

/** The first 64 bits of a block's hash. */
interface BlockHash {
  readonly high: number;
  readonly low: number;
}

/** Blocks are never changed, so each is hashed once. */
const hashes = new WeakMap<Uint8Array, BlockHash>();

export class StateSet {
  readonly #seen = new Set<number>();

  get size(): number {
    return this.#seen.size;
  }

  /** Whether the disk was not seen before. */
  add(blocks: Blocks): boolean {
    const key = keyOf(blocks);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

function keyOf(blocks: Blocks): number {
  let [high, low] = [blocks.length, 0x9e3779b9];
  for (const [number, block] of blocks.entries()) {
    if (block === undefined) continue;
    const known = hashOf(block);
    const place = Math.imul(number + 1, 0x85ebca6b);
    high = Math.imul(high ^ known.high ^ place, 0xc2b2ae35) ^ (high >>> 15);
    low = Math.imul(low + (known.low ^ place), 0x27d4eb2f) ^ (low >>> 13);
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

function hashOf(block: Uint8Array): BlockHash {
  const known = hashes.get(block);
  if (known !== undefined) return known;
  const digest = hash('sha1', block, 'buffer');
  const made = { high: digest.readInt32LE(0), low: digest.readInt32LE(4) };
  hashes.set(block, made);
  return made;
}
