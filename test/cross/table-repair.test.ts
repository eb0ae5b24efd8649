/**
 * The repair of partition tables under cuts of power: after each of them firmware, loader and Linux find the same partitions as
 * before, and a second repair ends what the first one began.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findPartitions as findInRust } from '@cocon-os/native';
import {
  MemoryDevice,
  plannedRepair,
  readTables,
  repairTables,
  type BlockDevice,
  type RepairScope,
} from '@cocon-os/sdfs';
import { afterAll, describe, expect, test } from 'vitest';

import { nativeDevice } from './rust-reader.ts';
import { diskWith, imageOf, losePrimary, startFirmware } from './table-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'cocon-tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

const IMAGES = { 512: imageOf(512, folder), 4096: imageOf(4096, folder) };

/** A sector that was being written, and what of it. */
interface SectorWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A disk that remembers what was written between two flushes, sector by sector. */
class CutDevice implements BlockDevice {
  readonly name = 'cut';
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly flushed: (readonly SectorWrite[])[] = [];
  #open: SectorWrite[] = [];
  readonly #disk: MemoryDevice;

  constructor(disk: MemoryDevice) {
    this.#disk = disk;
    this.sizeBytes = disk.sizeBytes;
    this.sectorSize = disk.sectorSize;
  }

  read(offset: number, into: Uint8Array): void {
    this.#disk.read(offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#disk.write(offset, bytes);
    for (let at = 0; at < bytes.length; at += this.sectorSize)
      this.#open.push({ at: offset + at, bytes: bytes.slice(at, at + this.sectorSize) });
  }

  flush(): void {
    this.flushed.push(this.#open);
    this.#open = [];
  }

  dropCaches(): void {}

  close(): void {}

  get unflushed(): number {
    return this.#open.length;
  }
}

/** What may have landed of the sectors that were being written, in any order, and which of them is torn. */
function* landings(sectors: readonly SectorWrite[]): Generator<readonly SectorWrite[]> {
  yield [];
  yield sectors;
  const middle = Math.floor(sectors.length / 2);
  for (const index of new Set([0, 1, middle, sectors.length - 2, sectors.length - 1])) {
    const sector = sectors[index];
    if (sector === undefined) continue;
    const { at, bytes } = sector;
    yield sectors.slice(0, index);
    yield sectors.slice(index + 1);
    yield [sector];
    yield sectors.filter((_, other) => other !== index);
    const half = bytes.map((byte, place) => (place < 48 ? byte : 0xff));
    yield [...sectors.slice(0, index), { at, bytes: half }];
    yield [...sectors.filter((_, other) => other !== index), { at, bytes: bytes.map(() => 0xa5) }];
  }
}

function* cuts(before: MemoryDevice, epochs: CutDevice['flushed']): Generator<MemoryDevice> {
  const done = before.clone();
  for (const epoch of epochs) {
    for (const landed of landings(epoch)) {
      const disk = done.clone();
      for (const { at, bytes } of landed) disk.write(at, bytes);
      yield disk;
    }
    for (const { at, bytes } of epoch) done.write(at, bytes);
  }
  yield done;
}

const byLoader = (disk: BlockDevice, sectorSize: number) => findInRust(nativeDevice(disk), sectorSize);
const partitions = (disk: BlockDevice): unknown => readTables(disk)?.partitions;

interface Scenario {
  readonly what: string;
  /** Sectors. */
  readonly more: number;
  readonly lost?: boolean;
  readonly scope?: RepairScope;
}

/** From 5 (of 4096 bytes) or 33 (of 512) on, a new backup does not lie over the old one. */
const GROWN = [1, 4, 32, 33, 5001];
const SCENARIOS: readonly Scenario[] = [
  ...GROWN.flatMap((more) => [
    { what: `${more} sectors larger`, more },
    { what: `${more} sectors larger, by the device itself`, more, scope: 'backup' as const },
    { what: `${more} sectors larger, primary lost`, more, lost: true },
  ]),
  { what: 'as large, primary lost', more: 0, lost: true },
  { what: '1 sector smaller', more: -1 },
  { what: '1 sector smaller, by the device itself', more: -1, scope: 'backup' },
  { what: '32 sectors smaller', more: -32 },
  { what: '200 sectors smaller', more: -200 },
];

function prepared({ more, lost = false }: Scenario, sectorSize: 512 | 4096): MemoryDevice {
  const disk = diskWith(IMAGES[sectorSize], more * sectorSize, sectorSize);
  if (lost) losePrimary(disk, sectorSize);
  return disk;
}

describe.each([512, 4096] as const)('repairTables() with sectors of %i bytes', (sectorSize) => {
  const all = readTables(diskWith(IMAGES[sectorSize], 0, sectorSize))?.partitions;

  test.each(SCENARIOS)('$what: no cut of power loses the table, and none stops the next try', (scenario) => {
    const { scope = 'both' } = scenario;
    const before = prepared(scenario, sectorSize);
    const device = new CutDevice(before.clone());
    const firmwareBefore = startFirmware(before.clone(), sectorSize).entries;
    const loaderBefore = byLoader(before, sectorSize)?.partitions ?? [];
    repairTables(device, scope);
    expect(device.unflushed).toBe(0);
    expect(device.flushed.flat().every(({ at }) => at >= sectorSize)).toBe(true);
    for (const disk of cuts(before, device.flushed)) {
      // Tools find the partitions, and so does whoever has found them before.
      expect(partitions(disk)).toEqual(all);
      if (loaderBefore.length > 0) expect(byLoader(disk, sectorSize)?.partitions).toEqual(loaderBefore);
      const booted = disk.clone();
      const { entries } = startFirmware(booted, sectorSize);
      if (firmwareBefore !== undefined) expect(entries).toBe(firmwareBefore);
      // What the firmware puts back in between does no harm.
      for (const next of [disk, booted]) {
        repairTables(next, scope);
        expect(plannedRepair(next, scope)).toEqual([]);
        assertMended(next, scope);
      }
    }
  });

  /** Both copies lead to the partitions, and firmware has nothing to put back. */
  function assertMended(disk: MemoryDevice, scope: RepairScope): void {
    expect(byLoader(disk, sectorSize)).toMatchObject({ table: 'primary', partitions: [{ number: 2 }] });
    const lost = disk.clone();
    losePrimary(lost, sectorSize);
    expect(byLoader(lost, sectorSize)).toMatchObject({ table: 'backup', partitions: [{ number: 2 }] });
    expect(partitions(lost)).toEqual(all);
    if (scope === 'both') expect(startFirmware(disk, sectorSize).wrote).toBe(false);
    startFirmware(disk, sectorSize);
    expect(plannedRepair(disk, scope)).toEqual([]);
  }

  test('of the own disk nothing is written in front, and the loss of the erase group at the end is none', () => {
    const group = 2 ** 20;
    for (const scenario of SCENARIOS.filter(({ scope }) => scope === 'backup')) {
      const before = prepared(scenario, sectorSize);
      const device = new CutDevice(before.clone());
      repairTables(device, 'backup');
      const written = device.flushed.flat().map(({ at }) => Math.floor(at / group));
      const dataEnd = 7 * 2 ** 20;
      expect(Math.min(...written) * group).toBeGreaterThanOrEqual(dataEnd);
      for (const each of new Set(written)) {
        const end = Math.min((each + 1) * group, before.sizeBytes);
        before.write(each * group, new Uint8Array(end - each * group).fill(0xff));
      }
      expect(byLoader(before, sectorSize)).toMatchObject({ table: 'primary', partitions: [{ number: 2 }] });
    }
  });
});

describe('sgdisk -v', () => {
  test.each(SCENARIOS.filter(({ scope }) => scope !== 'backup'))('has nothing to say: $what', (scenario) => {
    const disk = prepared(scenario, 512);
    repairTables(disk, 'both');
    const bytes = new Uint8Array(disk.sizeBytes);
    disk.read(0, bytes);
    const path = join(folder, 'mended.img');
    writeFileSync(path, bytes);
    expect(execFileSync('sgdisk', ['-v', path], { encoding: 'utf8' })).toContain('No problems found');
  });
});

describe('repairTables()', () => {
  const throwing = (disk: MemoryDevice): unknown => {
    const device = new CutDevice(disk);
    try {
      repairTables(device, 'both');
      return 'no error';
    } catch (thrown) {
      expect(device.flushed).toEqual([]);
      return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
    }
  };
  const larger = (): MemoryDevice => diskWith(IMAGES[512], 2 ** 20, 512);

  test('writes nothing where nothing has to be moved', () => {
    for (const scope of ['backup', 'both'] as const) {
      const device = new CutDevice(diskWith(IMAGES[512], 0, 512));
      expect(repairTables(device, scope)).toEqual([]);
      expect(device.flushed).toEqual([]);
    }
  });

  test('refuses what is not ours, and writes nothing', () => {
    expect(throwing(new MemoryDevice(2 ** 20))).toBe('NO_PARTITION_TABLE');
    const foreign = join(folder, 'foreign.img');
    writeFileSync(foreign, new Uint8Array(8 * 2 ** 20));
    execFileSync('sfdisk', ['--quiet', foreign], { input: 'label: gpt\n,,linux\n' });
    execFileSync('truncate', ['--size', '+1M', foreign]);
    expect(throwing(deviceOf(foreign))).toBe('NO_SDFS_PARTITION');
    const vhd = larger();
    vhd.write(vhd.sizeBytes - 512, Buffer.from('conectix'));
    expect(throwing(vhd)).toBe('FOREIGN_FORMAT');
  });

  test('refuses a disk that ends within a partition, or too close behind the last', () => {
    expect(throwing(diskWith(IMAGES[512], -(2 ** 20), 512))).toBe('DISK_TRUNCATED');
    expect(throwing(diskWith(IMAGES[512], -(2 ** 20) - 512, 512))).toBe('DISK_TRUNCATED');
    expect(throwing(diskWith(IMAGES[512], -(2 ** 20) + 33 * 512, 512))).toBe('no error');
    expect(throwing(diskWith(IMAGES[512], -(2 ** 20) + 32 * 512, 512))).toBe('DISK_TRUNCATED');
  });

  test('refuses a table of sectors of 512 bytes on a disk of 4096', () => {
    const disk = new MemoryDevice(16 * 2 ** 20, { sectorSize: 4096 });
    disk.write(0, IMAGES[512]);
    expect(throwing(disk)).toBe('SECTOR_SIZE_MISFIT');
  });

  test('replaces the backup that an earlier life of the disk has left at its end', () => {
    const earlier = join(folder, 'earlier.img');
    writeFileSync(earlier, new Uint8Array(9 * 2 ** 20));
    execFileSync('sfdisk', ['--quiet', earlier], { input: 'label: gpt\n,,linux\n' });
    const disk = deviceOf(earlier);
    disk.write(0, IMAGES[512]);
    expect(repairTables(disk, 'backup')).toEqual(['backup']);
    losePrimary(disk, 512);
    expect(byLoader(disk, 512)).toMatchObject({ table: 'backup', partitions: [{ number: 2 }] });
  });
});

function deviceOf(path: string): MemoryDevice {
  const bytes = execFileSync('cat', [path], { maxBuffer: 2 ** 26 });
  const disk = new MemoryDevice(bytes.length);
  disk.write(0, bytes);
  return disk;
}
