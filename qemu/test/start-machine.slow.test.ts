/** With real QEMU and OVMF, which ends up in its built-in shell when there is nothing to boot. */
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { attachConsole } from '../src/attach-console.ts';
import { fileDisk } from '../src/disk-images.ts';
import { defineMachine } from '../src/machine.ts';
import type { RunningMachine } from '../src/running-machine.ts';
import { makeScratch } from '../src/scratch.ts';
import { startMachine } from '../src/start-machine.ts';

const MINUTES = 60_000;
const scratch = makeScratch('start-machine');
afterAll(() => scratch[Symbol.dispose]());

function image(name: string, sizeBytes: number): string {
  const path = scratch.file(name);
  writeFileSync(path, 'first bytes');
  truncateSync(path, sizeBytes);
  return path;
}

describe('a machine in the UEFI shell', { timeout: 5 * MINUTES }, () => {
  let machine: RunningMachine;

  beforeAll(async () => {
    machine = await startMachine(
      defineMachine({
        name: 'shell',
        memoryMiB: 256,
        watchdog: 'i6300esb',
        disks: [
          { path: image('plain.img', 1 << 20), snapshot: true },
          { path: image('large-blocks.img', 1 << 20), logicalBlockSize: 4096 },
          { path: image('nvme.img', 1 << 20), interface: 'nvme' },
          { path: image('ahci.img', 1 << 20), interface: 'ahci' },
          fileDisk(image('file', 700)),
        ],
      }),
      { log: scratch.file('log/shell.log') },
    );
    await machine.serial.expect(/BdsDxe: starting Boot\d+ "EFI Internal Shell"/);
    await machine.serial.expect('to skip startup.nsh');
    machine.serial.send(' ');
    await machine.serial.expect('Shell> ');
  }, 5 * MINUTES);

  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
  });

  test('runs, stops and goes on, says its monitor', async () => {
    await expect(machine.qmp.execute('query-status')).resolves.toMatchObject({
      status: 'running',
      running: true,
    });
    await machine.qmp.execute('stop');
    await expect(machine.qmp.execute('query-status')).resolves.toMatchObject({ status: 'paused' });
    await machine.qmp.execute('cont');
  });

  test('passes on what QEMU refuses', async () => {
    const screendump = machine.qmp.execute('screendump', { filename: scratch.file('screen.ppm') });
    await expect(screendump).rejects.toMatchObject({ code: 'QMP_ERROR' });
  });

  test('counts what the guest reads, and that it writes nothing', async () => {
    machine.serial.sendLine('dblk blk0 0 1');
    await machine.serial.expect(/66 69 72 73 74/);
    await machine.serial.expect('Shell> ');
    const statistics = await machine.diskStatistics(0);
    expect(statistics.rd_operations).toBeGreaterThan(0);
    expect(statistics).toMatchObject({ wr_operations: 0, wr_bytes: 0 });
  });

  test('has every disk that was asked for', async () => {
    machine.serial.sendLine('map -b');
    const { before } = await machine.serial.expect('Shell> ');
    expect(before.match(/BLK\d+:/g)).toHaveLength(5);
    expect(before).toMatch(/NVMe/);
    expect(before).toMatch(/Sata/);
    for (const index of [0, 1, 2, 3, 4]) await expect(machine.diskStatistics(index)).resolves.toBeDefined();
    await expect(machine.diskStatistics(5)).rejects.toMatchObject({ code: 'QEMU_BAD_OPTION' });
  });

  test('gives a person its console until Ctrl-]', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const attached = attachConsole(machine, { input, output });
    input.write('ver\r');
    await machine.serial.expect(/UEFI v.*/);
    input.write('\u001D');
    await expect(attached).resolves.toBe('detached');
    expect(String(output.read())).toMatch(/Press Ctrl-\][^]*UEFI v/);
  });

  test('tells of a reset, and starts again', async () => {
    await machine.qmp.execute('system_reset');
    await expect(machine.qmp.waitFor('RESET')).resolves.toMatchObject({
      data: { reason: 'host-qmp-system-reset' },
    });
    await machine.serial.expect(/BdsDxe: starting/);
  });

  test('writes its console into the log', () => {
    expect(readFileSync(scratch.file('log/shell.log'), 'latin1')).toContain('BdsDxe: starting');
  });
});

describe('startMachine()', () => {
  test('says why QEMU would not start', async () => {
    const machine = await startMachine(
      defineMachine({ name: 'broken', extraArguments: ['-no-such-option'] }),
    );
    await expect(machine.serial.expect('anything')).rejects.toMatchObject({
      code: 'QEMU_EXITED',
      message: expect.stringContaining('no-such-option'),
    });
    await expect(machine.qmp.execute('query-status')).rejects.toMatchObject({ code: 'QMP_CLOSED' });
    await expect(machine.waitForExit()).resolves.toMatchObject({ status: 1 });
    const { path } = machine.scratch;
    await machine[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  test('refuses a disk that is not there', async () => {
    const start = startMachine(
      defineMachine({ name: 'diskless', disks: [{ path: scratch.file('none.img') }] }),
    );
    await expect(start).rejects.toMatchObject({ code: 'DISK_NOT_FOUND' });
  });
});
