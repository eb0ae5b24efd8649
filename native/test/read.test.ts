/** The readers of the addon. What they say of every shared vector is compared in test/cross. */
import { parseDescriptor, parseRecord, parseSuperblock, readVolume, verifyRelease } from '@cocon-os/native';
import { describe, expect, test } from 'vitest';

import { Disk, sampleVolume, TRUSTED_KEYS } from './disk.ts';

const block = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.subarray(index * 4096, (index + 1) * 4096);

describe('readVolume()', () => {
  test('returns superblock, current record and descriptors', () => {
    const volume = readVolume(new Disk(sampleVolume()));
    expect(volume).toMatchObject({
      superblock: { volumeUuid: '01234567-89ab-4cde-8f01-23456789abcd', copy: 'A', slotCount: 3 },
      record: {
        sequence: 8n,
        floor: 1n,
        slots: [{ state: 'confirmed' }, { state: 'trial' }, { state: 'empty' }],
      },
      descriptors: [{ files: [{ name: 'release.json' }, {}, {}, {}, {}, {}, {}] }, {}, null],
    });
  });

  test('returns the code, its number and a message for what is no volume', () => {
    expect(readVolume(new Disk(new Uint8Array(4096)))).toEqual({
      error: 'SDFS_TOO_SMALL',
      number: 2,
      message: 'the device has 4096 bytes, expected at least 8192',
    });
    expect(readVolume(new Disk(new Uint8Array(65_536)))).toMatchObject({ error: 'SDFS_BAD_MAGIC' });
  });

  test('returns the other descriptors when one is damaged', () => {
    const bytes = sampleVolume();
    block(bytes, 48)[1000] = 1;
    const volume = readVolume(new Disk(bytes));
    expect(volume).toMatchObject({ descriptors: [{ error: 'SDFS_BAD_CHECKSUM' }, { files: {} }, null] });
  });
});

describe('the parsers', () => {
  const bytes = sampleVolume();
  const superblock = block(bytes, 0);
  const record = block(bytes, 16);

  test('parseSuperblock() tells the copies apart', () => {
    expect(parseSuperblock(superblock, 'A', 97)).toMatchObject({ totalBlocks: 97 });
    expect(parseSuperblock(superblock, 'B', 97)).toMatchObject({ error: 'SDFS_BAD_GEOMETRY' });
    expect(parseSuperblock(superblock, 'A', 96)).toMatchObject({ error: 'SDFS_TRUNCATED_DEVICE' });
    expect(() => parseSuperblock(superblock, 'C' as 'A', 97)).toThrow('copy is "C", expected "A" or "B"');
    expect(() => parseSuperblock(superblock, 'A', -1)).toThrow('deviceBlocks is -1, expected a whole number');
  });

  test('parseRecord() wants the record at its place', () => {
    expect(parseRecord(record, 16, superblock)).toMatchObject({ sequence: 8n });
    expect(parseRecord(record, 17, superblock)).toMatchObject({ error: 'SDFS_MISPLACED_RECORD' });
    expect(() => parseRecord(record, -1, superblock)).toThrow('block is -1, expected a whole number');
  });

  test('parseDescriptor() wants the descriptor that the record names', () => {
    expect(parseDescriptor(block(bytes, 48), 0, record, superblock)).toHaveProperty('files');
    expect(parseDescriptor(block(bytes, 48), 1, record, superblock)).toMatchObject({
      error: 'SDFS_DESCRIPTOR_MISMATCH',
    });
    expect(parseDescriptor(block(bytes, 48), 9, record, superblock)).toMatchObject({
      error: 'SDFS_BAD_SLOT_ENTRY',
    });
    for (const slot of [256, -256, 0.9]) {
      expect(() => parseDescriptor(block(bytes, 48), slot, record, superblock)).toThrow(
        `slot is ${slot}, expected`,
      );
    }
  });

  test('verifyRelease() checks the signature before it looks at the release', () => {
    const json = bytes.subarray(49 * 4096, 49 * 4096 + 744);
    const signatures = bytes.subarray(50 * 4096, 50 * 4096 + 96);
    expect(verifyRelease(json, signatures, TRUSTED_KEYS)).toMatchObject({
      name: 'sample',
      securityVersion: 1,
    });
    expect(verifyRelease(json, signatures, [])).toMatchObject({ error: 'RELEASE_UNTRUSTED' });
    const changed = json.slice();
    changed[0] = 0x20;
    expect(verifyRelease(changed, signatures, TRUSTED_KEYS)).toMatchObject({
      error: 'RELEASE_BAD_SIGNATURE',
    });
  });
});
