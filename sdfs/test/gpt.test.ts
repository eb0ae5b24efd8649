/** Partition tables written by fdisk, of both sector sizes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  findPartitions,
  isSdfsError,
  MemoryDevice,
  mkfs,
  PARTITION_TYPE,
  Volume,
  type BlockDevice,
} from '@cocon-os/sdfs';
import { nodeCrypto, openFileDevice, openVolumeDevice } from '@cocon-os/sdfs/node';
import { afterAll, describe, expect, test } from 'vitest';

import { codeOf } from './helpers/volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-gpt-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;
const LINUX = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
let count = 0;

/** A disk image of 64 MiB with these partition types, 16 MiB each. */
function diskImage(types: readonly string[], sectorSize = 512): string {
  count += 1;
  const path = join(folder, `${count}.img`);
  execFileSync('truncate', ['--size', String(64 * MIB), path]);
  const commands = types.flatMap((type, index) => {
    const number = String(index + 1);
    // New partition, its type (fdisk does not ask which while there is one only), its name in the expert menu.
    const which = index === 0 ? [] : [number];
    return ['n', number, '', '+16M', 't', ...which, type, 'x', 'n', ...which, `part ${number}`, 'r'];
  });
  execFileSync('fdisk', ['--sector-size', String(sectorSize), '--wipe', 'never', path], {
    input: `${['g', ...commands, 'w'].join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  return path;
}

function withDisk<Value>(path: string, use: (device: BlockDevice) => Value): Value {
  const device = openFileDevice(path, 'read');
  try {
    return use(device);
  } finally {
    device.close();
  }
}

describe.each([512, 4096])('a disk with sectors of %i bytes', (sectorSize) => {
  test('findPartitions() finds number, type, name and place', () => {
    const found = withDisk(diskImage([LINUX, PARTITION_TYPE], sectorSize), findPartitions);
    expect(found?.table).toBe('primary');
    expect(found?.partitions).toMatchObject([
      { number: 1, type: LINUX.toLowerCase(), name: 'part 1', sizeBytes: 16 * MIB, sectorSize },
      { number: 2, type: PARTITION_TYPE, name: 'part 2', sizeBytes: 16 * MIB, sectorSize },
    ]);
    expect(found?.partitions[1]?.uuid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('openVolumeDevice() opens the SDFS partition, reads and writes within it', () => {
    const path = diskImage([LINUX, PARTITION_TYPE, LINUX], sectorSize);
    const { device, partition } = openVolumeDevice(path, 'write');
    mkfs(device, { slots: 2, groupBlocks: 256 }, nodeCrypto);
    device.close();
    expect(partition?.number).toBe(2);
    withDisk(path, (disk) => {
      expect(findPartitions(disk)?.partitions).toHaveLength(3);
      expect(codeOf(() => Volume.open(disk))).toBe('SDFS_BAD_MAGIC');
    });
    const again = openVolumeDevice(path, 'read', { partition: 2 });
    expect(Volume.open(again.device).superblock.slotCount).toBe(2);
    again.device.close();
  });

  test('the table at the end serves when the one in front is lost', () => {
    const path = diskImage([PARTITION_TYPE], sectorSize);
    const disk = openFileDevice(path, 'write');
    disk.write(sectorSize, new Uint8Array(sectorSize));
    disk.close();
    expect(withDisk(path, findPartitions)).toMatchObject({
      table: 'backup',
      partitions: [{ number: 1, type: PARTITION_TYPE }],
    });
  });
});

describe('openVolumeDevice()', () => {
  test('NO_SDFS_PARTITION, and says which partitions there are', () => {
    const path = diskImage([LINUX]);
    expect(codeOf(() => openVolumeDevice(path, 'read'))).toBe('NO_SDFS_PARTITION');
    expect(messageOf(() => openVolumeDevice(path, 'read'))).toContain(`found 1 (${LINUX.toLowerCase()})`);
    expect(codeOf(() => openVolumeDevice(diskImage([]), 'read'))).toBe('NO_SDFS_PARTITION');
  });

  test('SEVERAL_SDFS_PARTITIONS, unless one is named', () => {
    const path = diskImage([PARTITION_TYPE, LINUX, PARTITION_TYPE]);
    expect(codeOf(() => openVolumeDevice(path, 'read'))).toBe('SEVERAL_SDFS_PARTITIONS');
    const { device, partition } = openVolumeDevice(path, 'read', { partition: 3 });
    device.close();
    expect(partition?.number).toBe(3);
    expect(codeOf(() => openVolumeDevice(path, 'read', { partition: 2 }))).toBe('NO_SDFS_PARTITION');
    expect(codeOf(() => openVolumeDevice(path, 'read', { partition: 9 }))).toBe('NO_SDFS_PARTITION');
  });

  test('SDFS_TRUNCATED_DEVICE for a partition that reaches beyond its disk', () => {
    const path = diskImage([LINUX, PARTITION_TYPE]);
    truncateSync(path, 20 * MIB);
    expect(codeOf(() => openVolumeDevice(path, 'read'))).toBe('SDFS_TRUNCATED_DEVICE');
    expect(messageOf(() => openVolumeDevice(path, 'read'))).toContain('ends 13 MiB beyond the end');
  });

  test('takes an image without a partition table for the volume itself', () => {
    count += 1;
    const path = join(folder, `${count}.img`);
    execFileSync('truncate', ['--size', String(MIB), path]);
    const { device, partition } = openVolumeDevice(path, 'read');
    expect([partition, device.sizeBytes, codeOf(() => Volume.open(device))]).toEqual([
      undefined,
      statSync(path).size,
      'SDFS_BAD_MAGIC',
    ]);
    device.close();
  });

  test('takes a volume for a volume, though a table of an earlier life lies within it', () => {
    const path = diskImage([LINUX, PARTITION_TYPE], 4096);
    const device = openFileDevice(path, 'write');
    mkfs(device, { slots: 2, groupBlocks: 256 }, nodeCrypto);
    device.close();
    const found = openVolumeDevice(path, 'read');
    expect(found.partition).toBeUndefined();
    found.device.close();
  });
});

describe('findPartitions()', () => {
  test('Law 8: bad bytes are values: no flipped bit of a header is taken, none throws', () => {
    const path = diskImage([PARTITION_TYPE]);
    // The header and its entries, without the table at the end that would stand in for them.
    const table = new Uint8Array(34 * 512);
    withDisk(path, (disk) => disk.read(0, table));
    const device = new MemoryDevice(64 * MIB);
    device.write(0, table);
    expect(findPartitions(device)).toMatchObject({ table: 'primary', partitions: [{ number: 1 }] });
    const header = table.subarray(512, 1024);
    for (let bit = 0; bit < 92 * 8; bit += 1) {
      const flipped = header.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      device.write(512, flipped);
      expect(findPartitions(device)).toBeUndefined();
    }
  });
});

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown.message;
    throw thrown;
  }
  return '';
}
