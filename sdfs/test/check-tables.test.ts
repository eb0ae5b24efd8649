/** What is said about the partition tables of disks that are a little other than their image, and how they are read. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  checkTables,
  findPartitions,
  locateVolume,
  MemoryDevice,
  mkfs,
  PARTITION_TYPE,
  readTables,
  repairTables,
  Volume,
  type BlockDevice,
  type TableFinding,
} from '@cocon-os/sdfs';
import { nodeCrypto, openFileDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { codeOf } from './helpers/volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;
const IMAGE_BYTES = 24 * MIB;
let image = new Uint8Array(0);

/** An image as cocon image lays it out: a system partition, a volume, data, and 4 MiB for the backup. */
beforeAll(() => {
  const path = join(folder, 'image');
  execFileSync('truncate', ['--size', String(IMAGE_BYTES), path]);
  const rows = [
    'label: gpt',
    'start=4MiB, size=4MiB, type=uefi',
    `start=8MiB, size=8MiB, type=${PARTITION_TYPE}`,
    'start=16MiB, size=4MiB, type=linux, name="cocon-data"',
  ];
  execFileSync('sfdisk', ['--quiet', path], { input: `${rows.join('\n')}\n` });
  const file = openFileDevice(path, 'write');
  mkfs(locateVolume(file).device, { slots: 2, groupBlocks: 64 }, nodeCrypto);
  image = new Uint8Array(IMAGE_BYTES);
  file.read(0, image);
  file.close();
});

function disk(more: number, options: { readonly sectorSize?: number } = {}): MemoryDevice {
  const device = new MemoryDevice(IMAGE_BYTES + more, options);
  device.write(0, image.subarray(0, device.sizeBytes));
  return device;
}

/** Zeros over `count` sectors from `first`. */
function zeros(device: MemoryDevice, first: number, count: number): MemoryDevice {
  device.write(first * 512, new Uint8Array(count * 512));
  return device;
}

function findings(device: BlockDevice): readonly TableFinding[] {
  const tables = readTables(device);
  return tables === undefined ? [] : checkTables(device, tables);
}

const told = (device: BlockDevice): readonly string[] =>
  findings(device).map(({ code, severity }) => `${severity} ${code}`);
const messages = (device: BlockDevice): string =>
  findings(device)
    .map(({ message, hint }) => `${message}\n${hint}`)
    .join('\n');

describe('checkTables()', () => {
  test('has nothing to say about a disk as large as its image', () => {
    expect(told(disk(0))).toEqual([]);
  });

  test.each([512, 4096, MIB, 512 * MIB + 512])('a disk %i bytes larger: the backup is misplaced', (more) => {
    expect(told(disk(more))).toEqual(['warning BACKUP_TABLE_MISPLACED']);
    expect(messages(disk(more))).toContain('cocon-update repair --volume');
  });

  test('which is no more than a note once a system has put a backup into the last sector', () => {
    const device = disk(MIB);
    repairTables(device, 'backup');
    expect(told(device)).toEqual(['note BACKUP_TABLE_UNNAMED']);
    repairTables(device, 'both');
    expect(told(device)).toEqual([]);
  });

  test('a lost primary, a lost backup', () => {
    expect(told(zeros(disk(0), 1, 33))).toEqual(['warning PARTITION_TABLE_LOST']);
    expect(told(zeros(disk(0), IMAGE_BYTES / 512 - 1, 1))).toEqual(['warning BACKUP_TABLE_LOST']);
  });

  test('a larger disk that has lost its primary boots from nowhere', () => {
    const device = zeros(disk(512 * MIB), 1, 33);
    expect(findPartitions(device)).toBeUndefined();
    expect(told(device)).toEqual(['error PARTITION_TABLE_LOST', 'warning BACKUP_TABLE_MISPLACED']);
  });

  test.each([
    [512, '512 B', 'warning'],
    [16_384, '16 KiB', 'warning'],
    [20_480, '20 KiB', 'error'],
    [MIB, '1 MiB', 'error'],
  ])(
    'a disk %i bytes smaller: every partition is whole, and the table can be made to fit',
    (less, words, severity) => {
      expect(told(disk(-less))).toEqual([`${severity} DISK_TRUNCATED`]);
      expect(messages(disk(-less))).toContain(
        `${words} shorter than its partition table says; every partition is whole`,
      );
      expect(messages(disk(-less))).toContain('cocon-update repair --volume');
    },
  );

  test('a disk that ends with its last partition has no room for a backup', () => {
    expect(messages(disk(-4 * MIB))).toContain('every partition is whole');
    expect(messages(disk(-4 * MIB))).not.toContain('repair');
  });

  test.each([
    [-4 * MIB - 512, ['partition 3 (cocon-data) ends 512 B beyond its end']],
    [-6 * MIB, ['partition 3 (cocon-data) ends 2 MiB beyond its end']],
    [
      -12 * MIB,
      ['partition 2 () ends 4 MiB beyond its end', 'partition 3 (cocon-data) ends 8 MiB beyond its end'],
    ],
  ])('a disk %i bytes larger names the partitions that are cut', (more, words) => {
    expect(told(disk(more))).toEqual(['error DISK_TRUNCATED']);
    for (const each of words) expect(messages(disk(more))).toContain(each);
    expect(messages(disk(more))).not.toContain('repair');
  });

  test('a table of sectors of 512 bytes on a disk with sectors of 4096', () => {
    expect(told(disk(0, { sectorSize: 4096 }))).toContain('error SECTOR_SIZE_MISFIT');
  });

  test('a fixed VHD is converted before it is mended', () => {
    const path = join(folder, 'fixed');
    execFileSync('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'vpc',
      '-o',
      'subformat=fixed',
      join(folder, 'image'),
      path,
    ]);
    const device = openFileDevice(path, 'read');
    expect(messages(device)).toContain('qemu-img convert -f vpc -O raw');
    device.close();
  });
});

describe('locateVolume()', () => {
  test.each([512, MIB, 512 * MIB])('reads a disk %i bytes larger that has lost its primary table', (more) => {
    // With the protective MBR, and without it: then the ends of images are looked through.
    const withMbr = zeros(disk(more), 1, 33);
    const without = zeros(disk(more), 0, 34);
    for (const device of [withMbr, without]) {
      const { device: volume, partition, tables } = locateVolume(device);
      expect([tables?.table, partition?.number]).toEqual(['displaced', 2]);
      expect(Volume.open(volume).superblock.slotCount).toBe(2);
    }
  });

  test('passes over a backup in the last sector that another system has left', () => {
    const device = zeros(disk(512 * MIB), 1, 33);
    const other = join(folder, 'other');
    execFileSync('truncate', ['--size', String(device.sizeBytes), other]);
    execFileSync('sfdisk', ['--quiet', other], { input: 'label: gpt\n,,linux\n' });
    const tail = new Uint8Array(33 * 512);
    const file = openFileDevice(other, 'read');
    file.read(file.sizeBytes - tail.length, tail);
    file.close();
    device.write(device.sizeBytes - tail.length, tail);
    expect(findPartitions(device)?.table).toBe('backup');
    expect(locateVolume(device).partition).toMatchObject({ number: 2, offset: 8 * MIB });
    expect(repairTables(device, 'both')).toEqual(['primary', 'backup']);
    expect(told(device)).toEqual([]);
  });

  test('takes no backup that an earlier, larger image has left behind', () => {
    const device = disk(512 * MIB);
    // The earlier image of 100 MiB had its volume elsewhere.
    const earlier = join(folder, 'earlier');
    execFileSync('truncate', ['--size', '100M', earlier]);
    execFileSync('sfdisk', ['--quiet', earlier], {
      input: `label: gpt\nstart=40MiB, size=8MiB, type=${PARTITION_TYPE}\n`,
    });
    const tail = new Uint8Array(33 * 512);
    const file = openFileDevice(earlier, 'read');
    file.read(file.sizeBytes - tail.length, tail);
    file.close();
    device.write(100 * MIB - tail.length, tail);
    zeros(device, 0, 34);
    expect(locateVolume(device).partition).toMatchObject({ number: 2, offset: 8 * MIB });
  });

  test('SDFS_TRUNCATED_DEVICE for a disk that ends within its volume', () => {
    expect(codeOf(() => locateVolume(disk(-12 * MIB)))).toBe('SDFS_TRUNCATED_DEVICE');
    expect(codeOf(() => locateVolume(disk(-8 * MIB)).device)).toBe('done');
  });
});

test('an image file that was cut by truncate is read as the disk is', () => {
  const path = join(folder, 'cut');
  execFileSync('cp', ['--sparse=always', join(folder, 'image'), path]);
  truncateSync(path, IMAGE_BYTES - 512);
  const device = openFileDevice(path, 'read');
  expect(told(device)).toEqual(['warning DISK_TRUNCATED']);
  expect(messages(device)).toContain(`repair --volume ${path}`);
  device.close();
});
