/** `cocon-update repair` of the disk that a machine runs from, and of one that is named. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { runProgram } from '@cocon-os/cli';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { program } from '../src/index.ts';
import { diskImage, formatPartition, VOLUME_PARTITION_UUID } from './support/disk.ts';
import { rootedPlatform } from './support/rooted-platform.ts';

const MIB = 2 ** 20;

let root = '';
let disk = '';
/** A device whose disk is vda, 1 MiB larger than the image on it. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cocon-repair-'));
  disk = join(root, 'dev/vda');
  put('proc/cmdline', `console=ttyS0 cocon.slot=0 cocon.volume=PARTUUID=${VOLUME_PARTITION_UUID}\n`);
  put('sys/class/block/vda/uevent', 'DEVNAME=vda\nDEVTYPE=disk\n');
  for (const number of [1, 2]) {
    put(`sys/class/block/vda/vda${number}/partition`, `${number}\n`);
    put(`sys/class/block/vda${number}/uevent`, `DEVNAME=vda${number}\nDEVTYPE=partition\nPARTN=${number}\n`);
  }
  mkdirSync(join(root, 'dev'));
  diskImage(disk);
  formatPartition(disk, 2);
  truncateSync(disk, readFileSync(disk).length + MIB);
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function repair(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const printed = { out: '', err: '' };
  const platform = rootedPlatform(root, printed);
  const status = await runProgram(program, { platform, terminal: platform.terminal }, ['repair', ...args]);
  return { status, ...printed };
}

/** Whether firmware finds the partitions once the primary table is lost. */
function survivesLoss(): boolean {
  const bytes = readFileSync(disk);
  return bytes.toString('latin1', bytes.length - 512, bytes.length - 504) === 'EFI PART';
}

describe('cocon-update repair', () => {
  test('on a device writes the backup, nothing in front of the old end, and once', async () => {
    const before = readFileSync(disk);
    await expect(repair()).resolves.toMatchObject({
      status: 0,
      out: 'Wrote the backup of the partition table of /dev/vda.\n',
    });
    const after = readFileSync(disk);
    expect(survivesLoss()).toBe(true);
    expect(after.subarray(0, -MIB).equals(before.subarray(0, -MIB))).toBe(true);
    await expect(repair()).resolves.toMatchObject({ status: 3 });
    expect(readFileSync(disk).equals(after)).toBe(true);
  });

  test('writes nothing where the table no longer names the partition that runs', async () => {
    put(
      'sys/class/block/vda2/uevent',
      `DEVNAME=vda2\nDEVTYPE=partition\nPARTN=2\nPARTUUID=${VOLUME_PARTITION_UUID}\n`,
    );
    execFileSync('sfdisk', ['--quiet', '--part-uuid', disk, '2', '00000000-0000-4000-8000-00000000000f']);
    const before = readFileSync(disk);
    await expect(repair()).resolves.toMatchObject({
      status: 1,
      err: expect.stringContaining('[VOLUME_NOT_FOUND]') as unknown,
    });
    expect(readFileSync(disk).equals(before)).toBe(true);
  });

  test('of a disk that is named mends both copies, and says so to a program', async () => {
    const { status, out } = await repair('--volume', '/dev/vda', '--json');
    expect([status, JSON.parse(out)]).toEqual([0, { disk: '/dev/vda', written: ['backup', 'primary'] }]);
    expect(execFileSync('sgdisk', ['-v', disk], { encoding: 'utf8' })).toContain('No problems found');
    await expect(repair('--volume', '/dev/vda')).resolves.toMatchObject({
      status: 3,
      out: expect.stringContaining('Nothing to do') as unknown,
    });
  });

  test('refuses a disk without a table, and one that is too small', async () => {
    put('dev/empty', 'x'.repeat(4096));
    await expect(repair('--volume', '/dev/empty')).resolves.toMatchObject({
      status: 1,
      err: expect.stringContaining('[NO_PARTITION_TABLE]') as unknown,
    });
    truncateSync(disk, readFileSync(disk).length - 3 * MIB);
    await expect(repair('--volume', '/dev/vda')).resolves.toMatchObject({
      status: 1,
      err: expect.stringContaining('[DISK_TRUNCATED]') as unknown,
    });
  });
});
