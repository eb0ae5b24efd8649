/** Disks that differ are two. */
import { hash } from 'node:crypto';

import { expect, test } from 'vitest';

import { StateSet } from './state-set.ts';

/** Two blocks whose hashes have the same first 32 bits. */
function twins(): readonly [Uint8Array, Uint8Array] {
  const seen = new Map<string, Uint8Array>();
  for (let number = 0; ; number += 1) {
    const block = new Uint8Array(new Uint32Array([number]).buffer);
    const start = hash('sha1', block).slice(0, 8);
    const twin = seen.get(start);
    if (twin !== undefined) return [twin, block];
    seen.set(start, block);
  }
}

test('blocks that are alike in half of what is kept of their hashes make two disks', () => {
  const [one, other] = twins();
  const set = new StateSet();
  expect([set.add([undefined, one]), set.add([undefined, other]), set.add([undefined, one])]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a block makes another disk at another place', () => {
  const block = new Uint8Array(8);
  const set = new StateSet();
  expect([set.add([block, undefined]), set.add([undefined, block])]).toEqual([true, true]);
});
