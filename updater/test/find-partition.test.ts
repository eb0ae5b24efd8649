import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { findPartition } from '../src/find-partition.ts';
import { parseCommandLine } from '../src/kernel-command-line.ts';
import { diskImage, VOLUME_PARTITION_UUID } from './support/disk.ts';
import { rootedPlatform } from './support/rooted-platform.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cocon-sys-'));
});

function put(path: string, text: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

/** A disk with two partitions, as /sys and /dev show it; the second one is the volume. */
function addDisk(name: string, { told = false, uuid = VOLUME_PARTITION_UUID } = {}): void {
  put(`sys/class/block/${name}/uevent`, `MAJOR=254\nMINOR=0\nDEVNAME=${name}\nDEVTYPE=disk\n`);
  for (const number of [1, 2]) {
    const id = number === 2 ? uuid : 'd0000000-0000-4000-8000-000000000001';
    const partuuid = told ? `PARTUUID=${id}\n` : '';
    const uevent = `MAJOR=254\nMINOR=${number}\nDEVNAME=${name}${number}\nDEVTYPE=partition\nPARTN=${number}\n${partuuid}`;
    put(`sys/class/block/${name}/${name}${number}/partition`, `${number}\n`);
    put(`sys/class/block/${name}${number}/uevent`, uevent);
  }
  mkdirSync(join(root, 'dev'), { recursive: true });
  if (!told) diskImage(join(root, 'dev', name), { uuid });
}

describe('findPartition()', () => {
  test('reads the partition table where the kernel does not tell (Linux before 6.13)', () => {
    addDisk('vda');
    expect(findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toEqual({
      path: '/dev/vda2',
      disk: '/dev/vda',
      twins: [],
    });
  });

  test('believes the kernel where it tells, without opening a disk', () => {
    addDisk('mmcblk0', { told: true });
    expect(findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toEqual({
      path: '/dev/mmcblk02',
      disk: '/dev/mmcblk0',
      twins: [],
    });
  });

  test('passes over disks that cannot be read or have no partition table', () => {
    put('sys/class/block/sda/uevent', 'DEVNAME=sda\nDEVTYPE=disk\n');
    put('sys/class/block/sda/sda1/partition', '1\n');
    put('sys/class/block/sda1/uevent', 'DEVNAME=sda1\nDEVTYPE=partition\nPARTN=1\n');
    put('sys/class/block/loop0/uevent', 'DEVNAME=loop0\nDEVTYPE=disk\n');
    addDisk('vda');
    expect(findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toEqual({
      path: '/dev/vda2',
      disk: '/dev/vda',
      twins: [],
    });
  });

  test('refuses when no disk has it', () => {
    addDisk('vda', { uuid: 'd0000000-0000-4000-8000-00000000000f' });
    expect(() => findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toThrow(
      expect.objectContaining({ code: 'VOLUME_NOT_FOUND' }),
    );
  });

  test('refuses to choose between a card and its clone', () => {
    addDisk('vda');
    addDisk('vdb');
    expect(() => findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toThrow(
      expect.objectContaining({ code: 'VOLUME_AMBIGUOUS' }),
    );
  });

  test('knows the clone that runs by the device-mapper table of the root file system', () => {
    addDisk('vda');
    addDisk('vdb');
    put('sys/class/block/dm-0/uevent', 'DEVNAME=dm-0\nDEVTYPE=disk\n');
    put('sys/class/block/dm-0/dm/name', 'sdfs\n');
    put('sys/class/block/dm-0/slaves/vdb2/uevent', '');
    expect(findPartition(rootedPlatform(root), VOLUME_PARTITION_UUID)).toEqual({
      path: '/dev/vdb2',
      disk: '/dev/vdb',
      twins: ['/dev/vda2'],
    });
  });
});

describe('parseCommandLine()', () => {
  const digest = 'ab'.repeat(32);
  const words = `cocon.slot=1 cocon.release=${digest} cocon.volume=PARTUUID=${VOLUME_PARTITION_UUID}`;

  test('reads the loader’s words', () => {
    expect(parseCommandLine(`console=ttyS0 ${words} cocon.attempt=1/3\n`)).toEqual({
      slot: 1,
      release: digest,
      partitionUuid: VOLUME_PARTITION_UUID,
      tableLost: false,
      attempt: { number: 1, total: 3 },
    });
  });

  test('believes the last of a name, for the loader’s words come after the release’s', () => {
    expect(parseCommandLine(`cocon.slot=7 cocon.release=${'0'.repeat(64)} ${words}`)).toMatchObject({
      slot: 1,
      release: digest,
    });
  });

  test('takes gpt for a lost table where the loader says it, not where the release does', () => {
    expect(parseCommandLine(`console=ttyS0 ${words} gpt cocon.attempt=1/3`).tableLost).toBe(true);
    expect(parseCommandLine(`console=ttyS0 ${words} gpt`).tableLost).toBe(true);
    expect(parseCommandLine(`gpt ${words} cocon.attempt=1/3`).tableLost).toBe(false);
  });

  test('does not look into quoted text', () => {
    expect(parseCommandLine(`dm-mod.create="sdfs,, cocon.slot=3 x" ${words}`).slot).toBe(1);
    expect(parseCommandLine(`${words} dm-mod.create="root cocon.slot=3 open`).slot).toBe(1);
  });

  test('knows nothing of a machine that another loader started', () => {
    expect(parseCommandLine('BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro')).toEqual({
      slot: undefined,
      release: undefined,
      partitionUuid: undefined,
      tableLost: false,
      attempt: undefined,
    });
  });
});
