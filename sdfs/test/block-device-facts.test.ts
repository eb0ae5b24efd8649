/** /sys as Linux lays it out, in a folder: nobody needs a disk to try these. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { blockDeviceFacts } from '../src/node/block-device-facts.ts';
import { codeOf } from './helpers/volumes.ts';

const root = mkdtempSync(join(tmpdir(), 'sdfs-sys-'));
const sys = join(root, 'dev/block');
afterAll(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${text}\n`);
}

function number(name: string, folder: string): void {
  mkdirSync(sys, { recursive: true });
  symlinkSync(`../../devices/${folder}`, join(sys, name));
}

put('devices/pci/vda/dev', '254:0');
put('devices/pci/vda/size', '131072');
put('devices/pci/vda/queue/logical_block_size', '4096');
put('devices/pci/vda/uevent', 'MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk');
put('devices/pci/vda/vda2/dev', '254:2');
put('devices/pci/vda/vda2/size', '65536');
put('devices/pci/vda/vda2/start', '8192');
put('devices/pci/vda/vda2/partition', '2');
put('devices/pci/vda/vda2/uevent', 'MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition');
number('254:0', 'pci/vda');
number('254:2', 'pci/vda/vda2');
put('devices/virtual/loop7/dev', '7:7');
put('devices/virtual/loop7/size', '2048');
put('devices/virtual/loop7/queue/logical_block_size', '512');
put('devices/virtual/loop7/uevent', 'DEVNAME=loop7');
put('devices/virtual/loop7/loop/backing_file', '/images/a disk.img');
number('7:7', 'virtual/loop7');
// What Linux numbers beyond the first 256 minors, as of NVMe disks and loop devices by the hundred.
number('259:1000', 'pci/vda/vda2');

/** As makedev(3) packs it. */
const rdev = (major: number, minor: number): number =>
  (minor % 256) + major * 256 + Math.floor(minor / 256) * 2 ** 20;

describe('blockDeviceFacts()', () => {
  const disk = { path: '/dev/vda', number: '254:0', backingFile: undefined };

  test('a partition has its own place and size, and its disk for the lock', () => {
    const facts = { sizeBytes: 32 * 2 ** 20, sectorSize: 4096, startBytes: 4 * 2 ** 20, disk };
    expect(blockDeviceFacts(rdev(254, 2), sys)).toEqual(facts);
    expect(blockDeviceFacts(rdev(259, 1000), sys)).toEqual(facts);
  });

  test('a whole disk is its own', () => {
    expect(blockDeviceFacts(rdev(254, 0), sys)).toEqual({
      sizeBytes: 64 * 2 ** 20,
      sectorSize: 4096,
      startBytes: 0,
      disk,
    });
  });

  test('a loop device tells the file below it', () => {
    expect(blockDeviceFacts(rdev(7, 7), sys).disk).toEqual({
      path: '/dev/loop7',
      number: '7:7',
      backingFile: '/images/a disk.img',
    });
  });

  test('SDFS_IO for a device that /sys does not know', () => {
    expect(codeOf(() => blockDeviceFacts(rdev(1, 1), sys))).toBe('SDFS_IO');
  });
});
