/** Which disks have been seen: by a hash of 53 bits over all of a disk's blocks, so that a million of them cost few megabytes. */
import { hash } from 'node:crypto';

import type { Blocks } from './blocks-device.ts';

/** Blocks are never changed, so each is hashed once. */
const hashes = new WeakMap<Uint8Array, number>();

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
    const mixed = hashOf(block) ^ Math.imul(number + 1, 0x85ebca6b);
    high = Math.imul(high ^ mixed, 0xc2b2ae35) ^ (high >>> 15);
    low = Math.imul(low + mixed, 0x27d4eb2f) ^ (low >>> 13);
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

function hashOf(block: Uint8Array): number {
  const known = hashes.get(block);
  if (known !== undefined) return known;
  const made = Number.parseInt(hash('sha1', block).slice(0, 8), 16);
  hashes.set(block, made);
  return made;
}
