import { nodeCrypto } from '@cocon-os/sdfs/node';
import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { findVerityFault, type ReadAt } from '../src/verity-tree.ts';
import { pattern, verityTree } from './support/release.ts';

const reader =
  (bytes: Uint8Array): ReadAt =>
  (offset, into) => {
    if (offset + into.length > bytes.length)
      throw new Error(`read of ${into.length} at ${offset} of ${bytes.length}`);
    into.set(bytes.subarray(offset, offset + into.length));
  };

function faultOf(data: Uint8Array, tree: Uint8Array, rootHash: string): string | undefined {
  return findVerityFault({
    dataBlocks: data.length / 4096,
    readData: reader(data),
    treeBytes: tree.length,
    readTree: reader(tree),
    rootHash,
    crypto: nodeCrypto,
    onProgress: () => {},
  });
}

describe('findVerityFault()', () => {
  // Around the edges of a tree block (128 digests), of a second level (128 × 128), and of the piece that is read at once.
  test.each([2, 127, 128, 129, 255, 256, 257, 1000, 16_384, 16_385])(
    'accepts a good tree of %i blocks',
    (blocks) => {
      const data = new Uint8Array(blocks * 4096);
      data.set(pattern(String(blocks), 4096));
      const { tree, rootHash } = verityTree(data);
      expect(faultOf(data, tree, rootHash)).toBeUndefined();
    },
  );

  test('finds any changed byte of data or tree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.boolean(), (blocks, place, inTree) => {
        const data = pattern('data', blocks * 4096);
        const { tree, rootHash } = verityTree(data);
        const changed = inTree ? tree : data;
        const at = place % changed.length;
        changed[at] = (changed[at] ?? 0) ^ 0x40;
        const wanted = inTree ? /digest|root hash/ : `block ${Math.floor(at / 4096)} of rootfs`;
        expect(faultOf(data, tree, rootHash)).toMatch(wanted);
      }),
      { numRuns: 30 },
    );
  });

  test('refuses another root hash, and a tree of another size', () => {
    const data = pattern('data', 40_960);
    const { tree, rootHash } = verityTree(data);
    expect(faultOf(data, tree, '0'.repeat(64))).toMatch('root hash');
    expect(faultOf(data, new Uint8Array(8192), rootHash)).toBe('the tree has 8192 bytes, wanted 4096');
  });
});
