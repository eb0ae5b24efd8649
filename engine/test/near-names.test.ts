import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { editDistance, nearNames } from '../src/near-names.ts';

const FAR = 100;

describe('nearNames()', () => {
  const names = ['EROFS_FS', 'EROFS_FS_ZIP', 'IPV6', 'IP_VS', 'VIRTIO_BLK', 'TTY', 'PTY', 'SQUASHFS'];

  it.each([
    ['EROFS_SF', ['EROFS_FS']],
    ['EROFS_FS_ZIPP', ['EROFS_FS_ZIP']],
    ['IP_V6', ['IPV6', 'IP_VS']],
    ['TTYY', ['TTY']],
    ['ETY', ['PTY', 'TTY']],
    ['EROFS', ['EROFS_FS', 'EROFS_FS_ZIP']],
    ['NOTHING_LIKE_IT', []],
  ])('finds what %s may have meant', (name, wanted) => {
    expect(nearNames(name, names)).toEqual(wanted);
  });
});

describe('editDistance()', () => {
  it('is zero only for equal texts, the same both ways, and one for one change', () => {
    const word = fc.string({ unit: fc.constantFrom('A', 'B', '_'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(8), (one, other, at) => {
        const distance = editDistance(one, other, FAR);
        expect(distance === 0).toBe(one === other);
        expect(editDistance(other, one, FAR)).toBe(distance);
        expect(editDistance(one, `${one.slice(0, at)}X${one.slice(at)}`, FAR)).toBe(1);
      }),
    );
  });

  it('counts letters that changed places once', () => {
    expect(editDistance('EROFS', 'EORFS', FAR)).toBe(1);
    expect(editDistance('ABCDEFGH', 'XXXXXXXX', 2)).toBeGreaterThan(2);
  });
});
