import { MemoryDevice, mkfs, parseSuperblock, readSuperblock, Volume, type SdfsError } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { describe, expect, test } from 'vitest';

import { LoggingDevice } from './helpers/logging-device.ts';
import { codeOf, deviceDigest, smallVolume } from './helpers/volumes.ts';

const { device, volume } = smallVolume();
const bytes = new Uint8Array(512);
device.read(0, bytes);
const blocks = volume.superblock.totalBlocks;

describe('parseSuperblock()', () => {
  test('refuses every single flipped bit', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => parseSuperblock(flipped, 'A', blocks))).toBe(
        bit < 64 ? 'SDFS_BAD_MAGIC' : 'SDFS_BAD_CHECKSUM',
      );
    }
  });

  test('refuses every length that is too short', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      const code = codeOf(() => parseSuperblock(bytes.subarray(0, length), 'A', blocks));
      expect(code).toBe(length < 8 ? 'SDFS_BAD_MAGIC' : 'SDFS_BAD_CHECKSUM');
    }
  });

  test('says where, what was found and what was wanted', () => {
    const wrong = bytes.slice();
    wrong[0] = 0x54;
    const error = thrownBy(() => parseSuperblock(wrong, 'A', blocks, 'disk.img'));
    expect(error.message).toBe(
      'Cannot read superblock copy A of "disk.img" at byte 0: magic is 544446530d0a1a0a, expected 534446530d0a1a0a',
    );
    expect(error.facts).toMatchObject({ offset: 0, field: 'magic', expected: '534446530d0a1a0a' });
  });
});

describe('readSuperblock()', () => {
  test('takes copy B when copy A is destroyed, and says which one it took', () => {
    const damaged = device.clone();
    damaged.write(0, new Uint8Array(4096).fill(0xff));
    expect(readSuperblock(damaged)).toEqual({ ...volume.superblock, copy: 1 });
  });

  test('refuses a device that is cut off at every length, without looking beyond its end', () => {
    for (let cut = 0; cut < blocks; cut += 1) {
      const short = new MemoryDevice(cut * 4096);
      const start = new Uint8Array(cut * 4096);
      device.read(0, start);
      short.write(0, start);
      expect(codeOf(() => readSuperblock(short))).toBe(cut < 2 ? 'SDFS_TOO_SMALL' : 'SDFS_TRUNCATED_DEVICE');
    }
  });
});

describe('Law 7: geometry is enforced: mkfs()', () => {
  test.each([
    ['one block too small', 6 * 16 * 4096, {}, 'SDFS_TOO_SMALL'],
    ['as small as can be', (6 * 16 + 1) * 4096, {}, 'done'],
    ['nothing at all', 0, {}, 'SDFS_TOO_SMALL'],
    ['one slot', 2 ** 20, { slots: 1 }, 'SDFS_BAD_GEOMETRY'],
    ['17 slots', 2 ** 30, { slots: 17 }, 'SDFS_BAD_GEOMETRY'],
    ['half a slot', 2 ** 20, { slots: 2.5 }, 'SDFS_BAD_GEOMETRY'],
    ['groups of 8 blocks', 2 ** 20, { groupBlocks: 8 }, 'SDFS_BAD_GEOMETRY'],
    ['groups of 48 blocks', 2 ** 22, { groupBlocks: 48 }, 'SDFS_BAD_GEOMETRY'],
    ['more records than a group holds', 2 ** 20, { ringRecords: 32 }, 'SDFS_BAD_GEOMETRY'],
    ['a label too long', 2 ** 20, { label: 'é'.repeat(17) }, 'SDFS_BAD_GEOMETRY'],
    ['a label that just fits', 2 ** 20, { label: 'é'.repeat(16) }, 'done'],
    ['a UUID in capitals', 2 ** 20, { uuid: 'ABCDEF00-0000-4000-8000-000000000000' }, 'SDFS_BAD_GEOMETRY'],
    ['a sequence of 65 bits', 2 ** 20, { sequence: 2n ** 64n }, 'SDFS_BAD_GEOMETRY'],
  ])('%s', (_, size, options, code) => {
    const target = new MemoryDevice(size);
    target.write(0, new Uint8Array(size));
    const before = deviceDigest(target);
    expect(
      codeOf(() => mkfs(target, { slots: 3, groupBlocks: 16, ringRecords: 4, ...options }, nodeCrypto)),
    ).toBe(code);
    expect(deviceDigest(target) === before).toBe(code !== 'done');
  });

  test('leaves nothing of an earlier format that could count', () => {
    const used = new MemoryDevice(blocks * 4096);
    mkfs(used, { slots: 3, groupBlocks: 16, ringRecords: 16, sequence: 1000n }, nodeCrypto);
    const fresh = mkfs(used, { slots: 2, groupBlocks: 32, ringRecords: 4 }, nodeCrypto);
    expect(fresh.record.sequence).toBe(1n);
    expect(fresh.scanRings().filter(({ result }) => 'record' in result)).toHaveLength(1);
  });

  test('cut short, it leaves the volume from before, then none, then the new one by copy B', () => {
    const found: string[] = [];
    for (let writes = 0, done = false; !done; writes += 1) {
      const used = new MemoryDevice(blocks * 4096);
      mkfs(used, { slots: 3, groupBlocks: 16, ringRecords: 16, label: 'old' }, nodeCrypto);
      const failing = new LoggingDevice(used);
      failing.failAfter = writes;
      const options = { slots: 2, groupBlocks: 16, ringRecords: 4, label: 'new' };
      done = codeOf(() => mkfs(failing, options, nodeCrypto)) === 'done';
      found.push(labelOf(used));
    }
    expect([...new Set(found)]).toEqual(['old', 'SDFS_BAD_MAGIC', 'new']);
    expect(found.slice(-3)).toEqual(['SDFS_BAD_MAGIC', 'new', 'new']);
  });
});

/** The label of the volume on a device, or why there is none. */
function labelOf(target: MemoryDevice): string {
  let label = '';
  const code = codeOf(() => {
    ({ label } = Volume.open(target).superblock);
  });
  return code === 'done' ? label : code;
}

function thrownBy(call: () => unknown): SdfsError {
  try {
    call();
  } catch (thrown) {
    return thrown as SdfsError;
  }
  return expect.unreachable();
}
