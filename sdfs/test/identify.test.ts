/** Files of other formats, made by the tools that people have: what they are and the way to a raw disk is said. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isSdfsError, MemoryDevice, mkfs, Volume, type SdfsError } from '@cocon-os/sdfs';
import { nodeCrypto, openVolumeDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-identify-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;
const raw = join(folder, 'raw.img');

beforeAll(() => {
  const device = new MemoryDevice(4 * MIB);
  mkfs(device, { slots: 2, groupBlocks: 64 }, nodeCrypto);
  const bytes = new Uint8Array(device.sizeBytes);
  device.read(0, bytes);
  writeFileSync(raw, bytes);
});

const qemu =
  (format: string, ...options: readonly string[]) =>
  (to: string): void => {
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, raw, to]);
  };
const shell =
  (command: string) =>
  (to: string): void => {
    execFileSync('sh', ['-ec', command], { env: { ...process.env, FROM: raw, TO: to }, stdio: 'pipe' });
  };

function errorOf(path: string): SdfsError {
  try {
    openVolumeDevice(path, 'read').device.close();
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown;
    throw thrown;
  }
  throw new Error(`${path} was opened`);
}

test.each<[string, (to: string) => void, RegExp, RegExp]>([
  ['qcow2', qemu('qcow2'), /QEMU \(qcow2\)/, /qemu-img convert -f qcow2 -O raw/],
  ['compressed qcow2', qemu('qcow2', '-c'), /QEMU \(qcow2\)/, /-f qcow2/],
  ['VMDK', qemu('vmdk'), /VMware/, /-f vmdk/],
  ['VDI', qemu('vdi'), /VirtualBox/, /-f vdi/],
  ['VHDX', qemu('vhdx'), /VHDX/, /-f vhdx/],
  ['dynamic VHD', qemu('vpc'), /VHD\)/, /-f vpc/],
  ['gzip', shell('gzip -c "$FROM" >"$TO"'), /gzip/, /gzip -dc/],
  ['xz', shell('xz -c "$FROM" >"$TO"'), /xz/, /xz -dc/],
  ['zstd', shell('zstd -qc "$FROM" >"$TO"'), /zstd/, /zstd -dc/],
  ['tar', shell('tar -cf "$TO" "$FROM"'), /tar archive/, /cocon image/],
  ['ext4', shell('truncate -s 8M "$TO"; mkfs.ext4 -qF "$TO"'), /ext4/, /whole disk/],
  ['FAT16', shell('truncate -s 16M "$TO"; mkfs.vfat -F 16 "$TO"'), /FAT/, /whole disk/],
  ['FAT32', shell('truncate -s 64M "$TO"; mkfs.vfat -F 32 "$TO"'), /FAT/, /whole disk/],
  [
    'swap',
    shell('truncate -s 1M "$TO"; chmod 600 "$TO"; mkswap -q "$TO" || mkswap "$TO"'),
    /swap/,
    /whole disk/,
  ],
  [
    'MBR disk',
    shell('truncate -s 8M "$TO"; echo ,,83 | sfdisk --quiet --label dos "$TO"'),
    /master boot record/,
    /GUID/,
  ],
])('FOREIGN_FORMAT says that it is %s, and the way out', (name, make, what, hint) => {
  const path = join(folder, name);
  make(path);
  const error = errorOf(path);
  expect(error.code).toBe('FOREIGN_FORMAT');
  expect(error.message).toMatch(what);
  expect(error.hint).toMatch(hint);
});

test('a volume that has lost copy A is a volume, whatever it begins with', () => {
  const path = join(folder, 'volume.img');
  execFileSync('cp', [raw, path]);
  execFileSync('dd', [`of=${path}`, 'conv=notrunc', 'status=none'], {
    input: Buffer.from([0x1f, 0x8b, 8, 0]),
  });
  const { device } = openVolumeDevice(path, 'read');
  expect(Volume.open(device).superblock.slotCount).toBe(2);
  device.close();
});

test('ISO 9660, also with a partition table', () => {
  const path = join(folder, 'disc.iso');
  const bytes = Buffer.alloc(MIB);
  // A primary volume descriptor (ECMA-119 §8.4), which no tool that is at hand writes.
  Buffer.from('\u0001CD001\u0001', 'latin1').copy(bytes, 16 * 2048);
  writeFileSync(path, bytes);
  expect(errorOf(path).message).toContain('ISO 9660');
  execFileSync('sfdisk', ['--quiet', path], { input: 'label: gpt\n,,linux\n' });
  expect(errorOf(path)).toMatchObject({ code: 'FOREIGN_FORMAT' });
});
