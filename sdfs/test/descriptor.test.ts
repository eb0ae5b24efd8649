import { encodeDescriptor, parseDescriptor, type Slot, type SlotFile } from '@cocon-os/sdfs';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { sampleVolume } from '../../test/vectors/sample.ts';
import { codeOf, smallVolume } from './helpers/volumes.ts';

const { superblock } = smallVolume(2000).volume;
const identity = { slot: 2, generation: 7n, releaseDigest: 'ab'.repeat(32) };

const extent = fc
  .tuple(
    fc.integer({ min: superblock.dataStart, max: superblock.dataEnd - 1 }),
    fc.integer({ min: 1, max: 50 }),
  )
  .map(([start, blocks]) => ({ start, blocks: Math.min(blocks, superblock.dataEnd - start) }));
const file = (kind: SlotFile['kind'], name: string = kind): fc.Arbitrary<SlotFile> =>
  fc
    .tuple(fc.array(extent, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 4095 }))
    .map(([extents, short]) => {
      const blocks = extents.reduce((sum, each) => sum + each.blocks, 0);
      return { kind, name, size: blocks * 4096 - short, sha256: 'cd'.repeat(32), extents };
    });
const files = fc
  .tuple(
    file('release.json'),
    file('release.sig'),
    file('kernel'),
    fc.option(file('initrd')),
    fc.array(fc.stringMatching(/^[a-z0-9.+-]{1,20}$/), { maxLength: 5 }),
    fc.boolean(),
  )
  .chain(([json, sig, kernel, initrd, trees, hasRoot]) =>
    fc
      .tuple(
        ...[...new Set(trees)].map((name) => file('dtb', `dtb/${name}`)),
        ...(hasRoot ? [file('rootfs'), file('verity')] : []),
      )
      .map((rest) => [json, sig, kernel, ...(initrd === null ? [] : [initrd]), ...rest]),
  );

function slotOf(bytes: Uint8Array, crc: number): Slot {
  return {
    ...smallVolume().volume.slot(2),
    state: 'trial',
    generation: identity.generation,
    releaseDigest: identity.releaseDigest,
    descriptorBlock: superblock.dataStart,
    descriptorBlocks: bytes.length / 4096,
    descriptorCrc: crc,
  };
}

describe('encodeDescriptor() and parseDescriptor()', () => {
  propertyTest.prop([files])('write -> read gives the same files', (expected) => {
    const encoded = encodeDescriptor(expected, identity, superblock.volumeUuid);
    if (encoded === undefined) return;
    expect(encoded.bytes.length % 4096).toBe(0);
    expect(parseDescriptor(encoded.bytes, superblock, slotOf(encoded.bytes, encoded.crc)).files).toEqual(
      expected,
    );
  });

  test('refuse every length that is too short', () => {
    const { volume } = sampleVolume();
    const slot = volume.slot(0);
    const bytes = new Uint8Array(4096);
    volume.device.read(slot.descriptorBlock * 4096, bytes);
    for (let length = 0; length < 4096; length += 1) {
      const code = codeOf(() => parseDescriptor(bytes.subarray(0, length), volume.superblock, slot));
      expect(code).toBe(length < 4 ? 'SDFS_BAD_MAGIC' : 'SDFS_BAD_CHECKSUM');
    }
  });

  test('do not fit more extents than four blocks hold', () => {
    const many = {
      ...sampleFile(),
      extents: Array.from({ length: 64 }, () => ({ start: superblock.dataStart, blocks: 1 })),
    };
    expect(
      encodeDescriptor(
        Array.from({ length: 15 }, () => many),
        identity,
        superblock.volumeUuid,
      ),
    ).toBeUndefined();
  });
});

function sampleFile(): SlotFile {
  return { kind: 'dtb', name: 'dtb/a', size: 64 * 4096, sha256: '00'.repeat(32), extents: [] };
}
