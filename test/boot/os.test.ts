/** The first OS, whole: built from the slices, sealed, started by the loader, updating itself. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, statSync, truncateSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import type { DiskResult } from '@cocon-os/image-builder';
import {
  copyImage,
  defineMachine,
  fileDisk,
  makeScratch,
  readWriteLog,
  serveFiles,
  startMachine,
} from '@cocon-os/qemu';
import type { CommandResult, Disk, Fault, RunningMachine } from '@cocon-os/qemu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeDataDisk } from './data-disk.ts';
import { loseTableAtEachBoot } from './lost-table.ts';
import { sealFirstOs } from '../support/first-os.ts';
import { Guest } from './guest.ts';
import { createReleaseKey, logPath, makeDisk } from '../support/releases.ts';

const MEBIBYTE = 2 ** 20;
/** What `cocon-update` may have resident while it stages. */
const RESIDENT_LIMIT = 24 * MEBIBYTE;
/** Partition entries and a header, in whole pages. */
const WITH_ENTRIES = 20_480;

const scratch = makeScratch('os');
afterAll(() => scratch[Symbol.dispose]());

const key = createReleaseKey();
const disk = scratch.file('disk.img');
let partitions: DiskResult['partitions'] = [];
let second = '';
let large = '';

beforeAll(async () => {
  const first = (await sealFirstOs(scratch.path, key, { version: '1' })).output;
  second = (await sealFirstOs(scratch.path, key, { version: '2', variant: 'changed-userland' })).output;
  large = (await sealFirstOs(scratch.path, key, { version: '3', ballastBytes: 5 * RESIDENT_LIMIT })).output;
  const volume = { sizeBytes: 512 * MEBIBYTE };
  ({ partitions } = await makeDisk([first], disk, key, { image: { volume } }));
});

async function start(name: string, disks: readonly Disk[]): Promise<RunningMachine> {
  const machine = defineMachine({ name, memoryMiB: 256, disks, network: {}, watchdog: 'i6300esb' });
  return await startMachine(machine, { log: logPath(name) });
}

/** SHA-256 of a part of a file. */
async function hashOf(path: string, offset: number, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { start: offset, end: offset + sizeBytes - 1 }), hash);
  return hash.digest('hex');
}

function isWithin(partition: DiskResult['partitions'][number], offset: number, length: number): boolean {
  return offset >= partition.offset && offset + length <= partition.offset + partition.sizeBytes;
}

function partitionOf(role: DiskResult['partitions'][number]['role']): DiskResult['partitions'][number] {
  const found = partitions.find((each) => each.role === role);
  if (found === undefined) throw new Error(`the disk has no partition for ${role}`);
  return found;
}

describe('a confirmed boot', () => {
  test('writes nothing to the system disk', async () => {
    const system = scratch.file('system.img');
    const data = scratch.file('data.img');
    makeDataDisk(data);
    await makeDisk([scratch.file('release-1.oci')], system, key, { image: { data: false } });
    await using machine = await start('confirmed-statistics', [{ path: system }, { path: data }]);
    const guest = new Guest(machine);
    await expect(guest.booted()).resolves.toEqual({ slot: 0, how: 'confirmed' });
    guest.reboot();
    await guest.booted();
    await guest.run('sync');
    const { rd_bytes, wr_operations, wr_bytes } = await machine.diskStatistics(0);
    expect({ wr_operations, wr_bytes }).toEqual({ wr_operations: 0, wr_bytes: 0 });
    // The counter counts: the kernel was read from there, and the data partition was mounted.
    expect(rd_bytes).toBeGreaterThan(MEBIBYTE);
    expect((await machine.diskStatistics(1)).wr_operations).toBeGreaterThan(0);
    await guest.shutDown();
  });

  test('writes nothing to the volume of a disk that holds the data too', async () => {
    const copy = scratch.file('logged.img');
    const writeLog = scratch.file('writes.log');
    await copyImage(disk, copy);
    const { offset, sizeBytes } = partitionOf('volume');
    const before = await hashOf(copy, offset, sizeBytes);
    {
      await using machine = await start('confirmed-log', [{ path: copy, writeLog }]);
      const guest = new Guest(machine);
      await guest.booted();
      await guest.shutDown();
    }
    const writes = readWriteLog(writeLog).filter((each) => each.kind !== 'flush');
    const inVolume = writes.filter(
      (each) => each.offset < offset + sizeBytes && each.offset + each.length > offset,
    );
    expect(inVolume).toEqual([]);
    expect(writes.length).toBeGreaterThan(0);
    await expect(hashOf(copy, offset, sizeBytes)).resolves.toBe(before);
  });
});

test('a disk that has lost its primary partition table boots, and takes an update', async () => {
  const copy = scratch.file('lost.img');
  await copyImage(disk, copy);
  loseTableAtEachBoot(copy, partitionOf('esp').offset);
  await using server = await serveFiles(scratch.path);
  await using machine = await start('lost-table', [{ path: copy }]);
  const guest = new Guest(machine);
  await expect(guest.booted()).resolves.toEqual({ slot: 0, how: 'confirmed' });
  expect((await guest.status()).warnings).toMatchObject([{ code: 'PARTITION_TABLE_LOST' }]);
  await guest.online();
  const staged = await guest.run(`cocon-update stage ${server.guestUrl('release-2.oci')} --progress none`);
  expect(staged).toMatchObject({ status: 0 });
  guest.reboot();
  await expect(guest.booted()).resolves.toEqual({ slot: 1, how: 'trial 1 of 3' });
  await guest.shutDown();
});

test('a card that is larger than its image loses its primary partition table after the first boot, and boots', async () => {
  const card = scratch.file('larger.img');
  const writeLog = scratch.file('larger.log');
  await copyImage(disk, card);
  const imageBytes = statSync(card).size;
  truncateSync(card, imageBytes + 512 * MEBIBYTE);
  {
    await using machine = await start('larger-first', [{ path: card, writeLog }]);
    const guest = new Guest(machine);
    await guest.saw('cocon: Wrote the backup of the partition table of /dev/vda.');
    await guest.saw('cocon: healthy');
    await guest.shell();
    expect((await guest.status()).warnings).toEqual([]);
    guest.reboot();
    await guest.booted();
    await guest.shutDown();
  }
  const outside = readWriteLog(writeLog).filter(
    ({ kind, offset, length }) =>
      kind !== 'flush' && !partitions.some((each) => isWithin(each, offset, length)),
  );
  // Nothing in front, and the two writes of the first boot alone: entries, then header.
  expect(Math.min(...outside.map(({ offset }) => offset))).toBeGreaterThanOrEqual(imageBytes);
  expect(outside.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(2 * WITH_ENTRIES);

  execFileSync('dd', [
    'if=/dev/zero',
    `of=${card}`,
    'bs=512',
    'seek=1',
    'count=33',
    'conv=notrunc',
    'status=none',
  ]);
  await using machine = await start('larger-lost', [{ path: card }]);
  const guest = new Guest(machine);
  await expect(guest.booted()).resolves.toEqual({ slot: 0, how: 'confirmed' });
  await guest.shutDown();
  expect(execFileSync('sgdisk', ['-v', card], { encoding: 'utf8' })).toContain('No problems found');
});

describe('cocon-update stage', () => {
  test('takes a release from a server, which is tried, found healthy and confirmed', async () => {
    await using server = await serveFiles(scratch.path);
    await using machine = await start('stage-http', [{ path: disk, snapshot: true }]);
    const guest = new Guest(machine);
    await guest.booted();
    await guest.online();
    const { output, status } = await guest.run(
      `cocon-update stage ${server.guestUrl('release-2.oci')} --progress none`,
    );
    expect({ output, status }).toMatchObject({
      output: expect.stringContaining('Staged cocon-os 2 in slot 1'),
      status: 0,
    });
    guest.reboot();
    await expect(guest.booted()).resolves.toEqual({ slot: 1, how: 'trial 1 of 3' });
    await expect(guest.run('greet')).resolves.toMatchObject({ status: 0 });
    const { slots } = await guest.status();
    expect(slots.find((each) => each.slot === 1)).toMatchObject({
      state: 'confirmed',
      running: true,
      progress: 'healthy',
    });
    guest.reboot();
    await expect(guest.booted()).resolves.toEqual({ slot: 1, how: 'confirmed' });
  });

  test('loses nothing when the server fails in the middle, goes on after a break, and succeeds', async () => {
    await using server = await serveFiles(scratch.path);
    await using machine = await start('stage-fault', [{ path: disk, snapshot: true }]);
    const guest = new Guest(machine);
    await guest.booted();
    await guest.online();
    const before = await guest.status();
    const stage = async (faults: readonly Fault[]): Promise<CommandResult> => {
      for (const fault of faults) server.inject('release-2.oci', fault);
      return await guest.run(`cocon-update stage ${server.guestUrl('release-2.oci')} --progress none`);
    };
    const brokenOff: Fault = { kind: 'short-body', bytes: MEBIBYTE };
    const broken: Fault = { kind: 'short-body', bytes: 1000 };
    const gone: Fault = { kind: 'status', status: 404 };
    const restarting: Fault = { kind: 'status', status: 503 };
    // What a server says for good ends it at once; a break alone would be tried again for two minutes.
    for (const faults of [[gone], [brokenOff, gone]]) {
      const { output, status } = await stage(faults);
      expect({ status, output }).toEqual({
        status: 1,
        output: expect.stringContaining('[SOURCE_STATUS]') as unknown,
      });
      const confirmed = (await guest.status()).slots.filter((each) => each.state === 'confirmed');
      expect(confirmed).toEqual(before.slots.filter((each) => each.state === 'confirmed'));
    }
    await expect(stage([restarting, brokenOff, restarting, broken])).resolves.toMatchObject({ status: 0 });
  });

  test('takes a release from a second disk', async () => {
    await using machine = await start('stage-disk', [{ path: disk, snapshot: true }, fileDisk(second)]);
    const guest = new Guest(machine);
    await guest.booted();
    await expect(guest.run('cocon-update stage /dev/vdb --progress none')).resolves.toMatchObject({
      status: 0,
    });
    guest.reboot();
    await expect(guest.booted()).resolves.toEqual({ slot: 1, how: 'trial 1 of 3' });
  });

  test('has at most 24 MiB resident while it stages an image five times as large', async () => {
    expect(statSync(large).size).toBeGreaterThan(5 * RESIDENT_LIMIT);
    await using server = await serveFiles(scratch.path);
    await using machine = await start('stage-memory', [{ path: disk, snapshot: true }]);
    const guest = new Guest(machine);
    await guest.booted();
    await guest.online();
    const { output, status } = await guest.run(
      `time -v cocon-update stage ${server.guestUrl('release-3.oci')} --progress none`,
    );
    expect({ output, status }).toMatchObject({ status: 0 });
    const resident = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(output)?.[1]) * 1024;
    expect(resident).toBeGreaterThan(0);
    expect(resident).toBeLessThanOrEqual(RESIDENT_LIMIT);
  });
});
