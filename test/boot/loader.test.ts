/**
 * The boot loader on a machine: what it starts, what it counts, what it falls back on, and how it gives up. The kernel is
 * the probe, a real EFI program; everything else is as on a device.
 */
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';

import { readTrustedKeys } from '@cocon-os/image-builder';
import {
  defineMachine,
  makeScratch,
  readWriteLog,
  startMachine,
  type Disk,
  type RunningMachine,
} from '@cocon-os/qemu';
import { BLOCK_SIZE, sha256Hex, type Slot, type Volume } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { afterAll, describe, expect, test } from 'vitest';

import { askingFor } from './asking-for.ts';
import { damageFile } from './damage.ts';
import { install, makeLoaderDisk, partitionUuid, withVolume, type LoaderDiskOptions } from './loader-disk.ts';
import { loseTableAtEachBoot } from './lost-table.ts';
import { PROBE, probeRelease, type ProbeOptions } from './probe-release.ts';
import { createReleaseKey, LOADER, logPath } from '../support/releases.ts';

const LOADER_LIMIT = 96 * 1024;
/** What the firmware of the tests has after the disk. */
const NEXT_ENTRY = 'UEFI Interactive Shell';
const END_OF_PROBE = 'probe: end';

const scratch = makeScratch('loader');
const key = createReleaseKey();
let disksMade = 0;
afterAll(() => scratch[Symbol.dispose]());

/** A disk with these releases; the last `trials` are on trial. */
function diskOf(
  releases: readonly ProbeOptions[],
  trials: number = 0,
  options: Partial<LoaderDiskOptions> = {},
): string {
  disksMade += 1;
  const disk = makeLoaderDisk({ scratch, name: `disk-${String(disksMade)}`, keys: [key], ...options });
  const made = releases.map((release) => probeRelease(key, release));
  install(disk, made, { trials });
  return disk;
}

/** Boots a disk and gives back what the console said until `until`. */
async function boot(
  path: string,
  until: string = END_OF_PROBE,
  options: Partial<Disk> = {},
): Promise<string> {
  await using running = await start([{ path, ...options }]);
  return (await running.serial.expect(until)).before;
}

/** Boots to the firmware's next entry and gives back what was said before. */
async function giveUp(disk: string): Promise<string> {
  const said = await boot(disk, NEXT_ENTRY);
  expect(said).toContain('cocon: nothing was started, back to the firmware for its next boot entry');
  expect(said).not.toContain('probe:');
  return said;
}

/** Starts a machine that stays, halted, when its guest switches it off, so that its monitor can still be asked. */
async function start(disks: readonly Disk[]): Promise<RunningMachine> {
  const name = `loader-${expect.getState().currentTestName ?? ''}`.replaceAll(/\W+/g, '-').slice(0, 100);
  const machine = defineMachine({ name, memoryMiB: 256, disks, extraArguments: ['-no-shutdown'] });
  return await startMachine(machine, { log: logPath(name) });
}

function slotsOf(disk: string): readonly Slot[] {
  return withVolume(disk, (volume) => volume.record.slots);
}

/** Turns over one bit in the middle of a file of a slot. */
function damage(disk: string, slot: number, name: string): void {
  withVolume(disk, (volume) => damageFile(volume, slot, name));
}

/** Both copies; the volume fills its partition. */
function wipeSuperblocks(volume: Volume): void {
  zero(volume, 0, 1);
  zero(volume, volume.superblock.totalBlocks - 1, 1);
}

function zeroRing(volume: Volume, ring: 0 | 1): void {
  zero(volume, volume.superblock.ringBlocks[ring], volume.superblock.ringRecords);
}

function zero(volume: Volume, block: number, blocks: number): void {
  volume.device.write(block * BLOCK_SIZE, new Uint8Array(blocks * BLOCK_SIZE));
  volume.device.flush();
}

describe('the boot loader', () => {
  test('is at most 96 KiB and comes without keys', () => {
    const loader = readFileSync(LOADER);
    expect(loader.length).toBeLessThanOrEqual(LOADER_LIMIT);
    expect(readTrustedKeys(loader, LOADER)).toEqual([]);
  });

  test('hands a confirmed release over whole, and writes nothing', async () => {
    const disk = makeLoaderDisk({ scratch, name: 'handover', keys: [key] });
    const release = probeRelease(key, { version: '1', commandLine: 'one two=2' });
    install(disk, [release]);
    await using running = await start([{ path: disk }]);
    const { before } = await running.serial.expect(END_OF_PROBE);
    expect(before).toContain('cocon: slot 0: probe 1, confirmed');
    const said = [...before.matchAll(/^cocon: probe: (.*)$/gm)].map(([, fact]) => fact);
    const initrd = release.files.get('initrd') ?? new Uint8Array();
    expect(said).toEqual([
      'option one',
      'option two=2',
      'option cocon.slot=0',
      `option cocon.release=${release.signed.digest}`,
      `option cocon.volume=PARTUUID=${partitionUuid(0)}`,
      `partition ${partitionUuid(0)}`,
      `initrd ${String(initrd.length)} ${sha256Hex(nodeCrypto, initrd)}`,
      'device tree none',
    ]);
    expect((await running.diskStatistics(0)).wr_operations).toBe(0);
  });

  test('counts the boots of a trial, then gives it up for the confirmed release', async () => {
    const restarting = { version: '2', attempts: 2, commandLine: 'probe.end=reset' };
    const disk = diskOf([{ version: '1' }, restarting], 1);
    await using running = await start([{ path: disk }]);
    await running.serial.expect('cocon: slot 1: probe 2, trial 1 of 2');
    await running.serial.expect('cocon: slot 1: probe 2, trial 2 of 2');
    await running.serial.expect('probe: option cocon.attempt=2/2');
    await running.serial.expect('cocon: slot 1: given up, no attempts left');
    await running.serial.expect('cocon: slot 0: probe 1, confirmed');
    expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', reason: 'reset', progress: 'kernel' });
    expect(withVolume(disk, (volume) => volume.record.failures)).toHaveLength(1);
  });

  test('gives an attempt back that lost its power, and no more often than the record allows', async () => {
    const disk = diskOf([{ version: '1' }, { version: '2', attempts: 1 }], 1);
    expect(await boot(disk)).toContain('cocon: slot 1: probe 2, trial 1 of 1');
    const allowed = slotsOf(disk)[1]?.interruptionsLeft ?? 0;
    expect(allowed).toBeGreaterThan(0);
    for (let cut = 1; cut <= allowed; cut += 1) {
      const said = await boot(disk);
      expect(said).toContain('ended by power-lost, it is given back');
      expect(said).toContain('cocon: slot 1: probe 2, trial 1 of 1');
      expect(slotsOf(disk)[1]).toMatchObject({ state: 'trial', interruptionsLeft: allowed - cut });
    }
    expect(await boot(disk)).toContain('cocon: slot 0: probe 1, confirmed');
    expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', reason: 'power-lost', progress: 'kernel' });
  });

  test('has an attempt on the disk before it starts the kernel', async () => {
    const disk = diskOf([{ version: '1' }], 1);
    const writeLog = scratch.file('writes.log');
    await using running = await start([{ path: disk, writeLog }]);
    await running.serial.expect('probe: option probe');
    const requests = readWriteLog(writeLog);
    const written = requests.findIndex(({ kind }) => kind === 'write');
    const record = [
      ['write', BLOCK_SIZE],
      ['flush', 0],
    ];
    // The attempt before anything of the release is read, then how far it got: the hand-over.
    expect(requests.slice(written).map(({ kind, length }) => [kind, length])).toEqual([...record, ...record]);
  });

  test.each([
    { file: 'kernel', reason: 'hash', detail: 'kernel' },
    { file: 'initrd', reason: 'hash', detail: 'initrd' },
    { file: 'release.json', reason: 'hash', detail: 'release.json' },
    { file: 'release.sig', reason: 'signature' },
  ])(
    'falls from a confirmed release with a damaged $file to the next one and notes why',
    async ({ file, ...noted }) => {
      const disk = diskOf([{ version: '1' }, { version: '2' }]);
      damage(disk, 1, file);
      const said = await boot(disk);
      expect(said).toContain('cocon: slot 1: passed over');
      expect(said).toContain('cocon: slot 0: probe 1, confirmed');
      expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', ...noted });
    },
  );

  test('goes on to the next release when a kernel returns', async () => {
    const disk = diskOf([{ version: '1' }, { version: '2', commandLine: 'probe.end=return' }]);
    await using running = await start([{ path: disk }]);
    await running.serial.expect('probe: option probe.end=return');
    const { before } = await running.serial.expect('cocon: slot 0: probe 1, confirmed');
    expect(before).toContain('cocon: slot 1: did not start: kernel returned: ABORTED');
    await running.serial.expect(END_OF_PROBE);
    expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', reason: 'start', progress: 'loader' });
  });

  test('goes on to the next release when the firmware refuses a kernel', async () => {
    const disk = diskOf([{ version: '1' }, { version: '2', kernel: Buffer.from('no PE image') }], 1);
    expect(await boot(disk)).toContain('cocon: slot 1: did not start: firmware refused: ');
    expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', reason: 'start', progress: 'loader' });
  });

  test('goes on when the firmware has not the memory to load a kernel, and blames no slot', async () => {
    const kernel = askingFor(readFileSync(PROBE), 512 * 2 ** 20);
    const disk = diskOf([{ version: '1' }, { version: '2', kernel }, { version: '3', kernel }], 1);
    const said = await boot(disk);
    for (const slot of [2, 1]) {
      const refused = `cocon: slot ${String(slot)}: too little memory to start it: firmware refused: OUT_OF_RESOURCES`;
      expect(said).toContain(refused);
    }
    expect(said).toContain('cocon: slot 0: probe 1, confirmed');
    expect(slotsOf(disk)).toMatchObject([
      { state: 'confirmed', reason: 'none' },
      { state: 'confirmed', reason: 'none' },
      { state: 'trial', reason: 'memory', progress: 'loader', attemptsLeft: 2 },
    ]);
  });

  test('resets the machine when it panics, which uses up the attempt', async () => {
    const panicking = { version: '2', attempts: 1, commandLine: 'probe.end=panic' };
    const disk = diskOf([{ version: '1' }, panicking], 1);
    await using running = await start([{ path: disk }]);
    await running.serial.expect('cocon: slot 1: probe 2, trial 1 of 1');
    await running.serial.expect('cocon: panic: as asked for');
    await running.serial.expect('cocon: slot 1: given up, no attempts left');
    await running.serial.expect('cocon: slot 0: probe 1, confirmed');
    expect(slotsOf(disk)[1]).toMatchObject({ state: 'failed', reason: 'reset' });
  });

  test.each([
    { lost: 'superblock copy A', wipe: (volume: Volume) => zero(volume, 0, 1) },
    {
      lost: 'superblock copy B',
      wipe: (volume: Volume) => zero(volume, volume.superblock.totalBlocks - 1, 1),
    },
    { lost: 'ring 0', wipe: (volume: Volume) => zeroRing(volume, 0) },
    { lost: 'ring 1', wipe: (volume: Volume) => zeroRing(volume, 1) },
  ])('boots a volume that has lost $lost', async ({ wipe }) => {
    const disk = diskOf([{ version: '1' }]);
    // A second commit of the same state, so that either ring alone tells it.
    withVolume(disk, (volume) => volume.write(() => undefined, { writer: 'updater', time: 0 }));
    withVolume(disk, wipe);
    expect(await boot(disk)).toContain('cocon: slot 0: probe 1, confirmed');
  });

  test('boots a disk that has lost its primary partition table', async () => {
    const disk = diskOf([{ version: '1' }]);
    const file = openSync(disk, 'r+');
    writeSync(file, new Uint8Array(33 * 512), 0, 33 * 512, 512);
    closeSync(file);
    expect(await boot(disk)).toContain('cocon: slot 0: probe 1, confirmed');
  });

  test.each([512, 4096] as const)(
    'takes the backup where the firmware leaves a primary partition table of %i-byte sectors lost',
    async (sectorSize) => {
      const disk = diskOf([{ version: '1' }], 1, { sectorSize });
      loseTableAtEachBoot(disk, 2 ** 20);
      const said = await boot(disk, END_OF_PROBE, { logicalBlockSize: sectorSize });
      expect(said).toContain('cocon: the primary partition table cannot be used, its backup counts');
      expect(said).toContain('cocon: slot 0: probe 1, trial 1 of 3');
      expect(said).toContain('probe: option gpt');
      const sector = readFileSync(disk).subarray(sectorSize, 2 * sectorSize);
      expect(sector.every((byte) => byte === 0)).toBe(true);
      expect(slotsOf(disk)[0]).toMatchObject({ attemptsLeft: 2 });
    },
  );

  test.each([
    { interface: 'virtio', logicalBlockSize: 4096 },
    { interface: 'nvme', logicalBlockSize: 4096 },
    { interface: 'nvme', logicalBlockSize: 512 },
    { interface: 'ahci', logicalBlockSize: 512 },
  ] as const)('boots and counts on $interface with sectors of $logicalBlockSize bytes', async (options) => {
    const disk = diskOf([{ version: '1' }], 1, { sectorSize: options.logicalBlockSize });
    expect(await boot(disk, END_OF_PROBE, options)).toContain('cocon: slot 0: probe 1, trial 1 of 3');
    expect(slotsOf(disk)[0]).toMatchObject({ attemptsLeft: 2 });
  });

  test('starts nothing from a disk that is too short for its partition table, and says so', async () => {
    const disk = diskOf([{ version: '1.0.0' }]);
    const { size } = statSync(disk);
    truncateSync(disk, size - 512);
    await expect(boot(disk)).resolves.toContain('slot 0');
    truncateSync(disk, size - 64 * 512);
    const said = await giveUp(disk);
    expect(said).toMatch(/cocon: the disk has 28608 sectors, its partition table takes 286\d\d at least/);
    expect(said).toContain('the image was cut short, or the disk is too small for it');
  });

  test('starts no trial from a disk that cannot be written', async () => {
    const disk = diskOf([{ version: '1' }, { version: '2' }], 1);
    const said = await boot(disk, END_OF_PROBE, { readOnly: true });
    expect(said).toContain('cocon: the volume cannot be written: no trials');
    expect(said).toContain('cocon: slot 0: probe 1, confirmed');
  });

  test('takes the first of two SDFS partitions that can be read', async () => {
    const disk = makeLoaderDisk({ scratch, name: 'two', keys: [key], volumes: 2 });
    install(disk, [probeRelease(key, { version: '1' })], { volume: 0 });
    install(disk, [probeRelease(key, { version: '2' })], { volume: 1 });
    const both = await boot(disk);
    expect(both).toContain('cocon: 2 SDFS partitions');
    expect(both).toContain('cocon: slot 0: probe 1, confirmed');
    withVolume(disk, wipeSuperblocks);
    const second = await boot(disk);
    expect(second).toContain('cocon: partition 2: cannot be booted, SDFS_BAD_MAGIC');
    expect(second).toContain('cocon: slot 0: probe 2, confirmed');
    expect(second).toContain(`probe: option cocon.volume=PARTUUID=${partitionUuid(1)}`);
  });

  test('passes over releases that are not signed, not for this machine, or below the floor', async () => {
    const disk = makeLoaderDisk({ scratch, name: 'refused', keys: [key] });
    install(disk, [probeRelease(key, { version: '1', securityVersion: 2 })]);
    install(disk, [
      probeRelease(createReleaseKey(), { version: '2', securityVersion: 2 }),
      probeRelease(key, { version: '3', securityVersion: 2, architecture: 'arm64' }),
    ]);
    const said = await boot(disk);
    expect(said).toContain('cocon: slot 2: passed over, RELEASE_WRONG_ARCHITECTURE');
    expect(said).toContain('cocon: slot 1: passed over, RELEASE_UNTRUSTED');
    expect(said).toContain('cocon: slot 0: probe 1, confirmed');
  });
});

describe('the boot loader returns to the firmware', () => {
  test('when no slot can be used', async () => {
    const disk = diskOf([{ version: '1' }, { version: '2' }]);
    damage(disk, 0, 'kernel');
    damage(disk, 1, 'kernel');
    const said = await giveUp(disk);
    expect(said).toContain('cocon: no candidate is left, trying failed slots that were confirmed once: 2');
    expect(said).toContain('cocon: no slot can be started');
    expect(slotsOf(disk).map((slot) => slot.state)).toEqual(['failed', 'failed', 'empty']);
  });

  test('when the volume has lost both superblocks', async () => {
    const disk = diskOf([{ version: '1' }]);
    withVolume(disk, wipeSuperblocks);
    expect(await giveUp(disk)).toContain('cocon: partition 2: cannot be booted, SDFS_BAD_MAGIC');
  });

  test('when its disk has no SDFS partition, though another disk has one', async () => {
    const without = makeLoaderDisk({ scratch, name: 'none', keys: [key], volumes: 0 });
    const other = diskOf([{ version: '1' }]);
    await using running = await start([{ path: without, bootIndex: 0 }, { path: other }]);
    const { before } = await running.serial.expect('cocon: nothing was started');
    expect(before).toContain('cocon: no SDFS partition');
  });

  test('when it holds no keys', async () => {
    const disk = diskOf([{ version: '1' }], 0, { keys: [] });
    expect(await giveUp(disk)).toContain('cocon: refusing every release: this loader holds no trusted keys');
  });
});
