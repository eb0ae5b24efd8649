/** Sizes at which 32 bits, 31 bits or sectors of 512 bytes run out. The devices are sparse. */
import {
  encodeDescriptor,
  encodeSuperblock,
  MemoryDevice,
  mkfs,
  readSuperblock,
  stage,
  Volume,
  windowDevice,
  type SlotFile,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';
import { describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../../test/vectors/sample.ts';
import { releaseWith, signed, writeFiles } from './helpers/releases.ts';
import { codeOf } from './helpers/volumes.ts';

const KIB = 2 ** 10;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

describe('a volume', () => {
  test.each([
    ['2 GiB - 4 KiB', 2 * GIB - 4 * KIB],
    ['2 GiB', 2 * GIB],
    ['4 GiB - 1', 4 * GIB - 1],
    ['4 GiB', 4 * GIB],
    ['4 GiB + 4 KiB', 4 * GIB + 4 * KIB],
    ['2 TiB', 2 * TIB],
    ['2 TiB + 4 KiB', 2 * TIB + 4 * KIB],
    ['1 PiB', 1024 * TIB],
    ['4 PiB - 4 KiB', 4096 * TIB - 4 * KIB],
    ['more than the format allows', 5000 * TIB],
  ])('of %s opens, from both superblocks, and takes a release', (_, size) => {
    const device = new MemoryDevice(size);
    const { superblock } = mkfs(device, {}, crypto);
    expect(superblock.totalBlocks).toBe(Math.min(Math.floor(size / 4096), 2 ** 40 - 1));
    device.write(0, new Uint8Array(4096));
    if (size < 4096 * TIB) expect(readSuperblock(device)).toEqual({ ...superblock, copy: 1 });
    else device.write(0, encodeSuperblock(superblock, 'A'));
    const volume = Volume.open(device);
    const slot = stageSample(volume, sampleRelease(1));
    expect(volume.readFile(slot, 'kernel')).toEqual(sampleRelease(1).contents['kernel']);
  });

  test('keeps its data beyond 4 GiB and beyond 2 TiB apart from what lies 2^32 and 2^41 bytes below', () => {
    const device = new MemoryDevice(3 * TIB);
    const volume = mkfs(device, { slots: 3 }, crypto);
    occupy(volume, 2 * TIB + 4 * GIB);
    const before = device.writtenBlocks().length;
    const slot = stageSample(volume, sampleRelease(1));
    expect(volume.slot(slot).descriptorBlock * 4096).toBeGreaterThanOrEqual(2 * TIB + 4 * GIB);
    expect(volume.readFile(slot, 'kernel')).toEqual(sampleRelease(1).contents['kernel']);
    expect(Volume.open(device).readFile(slot, 'release.json').length).toBeGreaterThan(0);
    const low = device.writtenBlocks().filter((block) => block * 4096 < 2 * TIB);
    expect(low.length, 'two boot records lie low, and nothing else').toBeLessThanOrEqual(before + 2);
  });
});

test('a file of exactly 4 GiB and its neighbours has as many blocks as it takes', () => {
  for (const size of [4 * GIB - 4096, 4 * GIB, 4 * GIB + 4096]) {
    const volume = mkfs(new MemoryDevice(20 * GIB), { slots: 2 }, crypto);
    const { release } = sampleRelease(1);
    const rootfs = release.rootfs ?? expect.unreachable();
    const session = stage(volume, signed(releaseWith(1, { rootfs: { ...rootfs, size } })), { crypto });
    const file = session.files.find((each) => each.kind === 'rootfs');
    expect(file?.extents.reduce((sum, each) => sum + each.blocks, 0)).toBe(size / 4096);
    expect(codeOf(() => writeFiles(session, sampleRelease(1)))).toBe('FILE_BAD_HASH');
  }
});

test('windowDevice() keeps within its bounds, beyond 2 TiB too', () => {
  const disk = new MemoryDevice(4 * TIB);
  const window = windowDevice(disk, 3 * TIB, 8192, 'window');
  window.write(4096, Uint8Array.of(1, 2, 3));
  const bytes = new Uint8Array(3);
  disk.read(3 * TIB + 4096, bytes);
  expect([...bytes]).toEqual([1, 2, 3]);
  for (const act of [
    () => window.read(8190, bytes),
    () => window.write(-1, bytes),
    () => window.write(8192, bytes),
  ])
    expect(codeOf(act)).toBe('SDFS_IO');
});

/** Makes slot 2 hold everything from the first data block up to `end`, without a byte of it being there. */
function occupy(volume: Volume, end: number): void {
  const { superblock, device } = volume;
  const identity = { slot: 2, generation: 100n, releaseDigest: 'ab'.repeat(32) };
  const start = superblock.dataStart;
  const most = TIB / 4096;
  const rest = end / 4096 - start - 3 - most;
  const files = [
    fileAt('release.json', start + 1, 1),
    fileAt('release.sig', start + 2, 1),
    fileAt('kernel', start + 3, most),
    fileAt('initrd', start + 3 + most, Math.min(rest, most)),
    fileAt('dtb', start + 3 + most + Math.min(rest, most), Math.max(1, rest - most)),
  ];
  const { bytes, crc } = encodeDescriptor(files, identity, superblock.volumeUuid) ?? expect.unreachable();
  device.write(start * 4096, bytes);
  volume.write(
    (draft) =>
      draft.setSlot(2, {
        state: 2,
        ...identity,
        descriptorBlock: BigInt(start),
        descriptorBlocks: bytes.length / 4096,
        descriptorCrc: crc,
      }),
    { writer: 'updater', time: 0 },
  );
}

function fileAt(kind: SlotFile['kind'], first: number, blocks: number): SlotFile {
  const name = kind === 'dtb' ? 'dtb/rest' : kind;
  return { kind, name, size: blocks * 4096, sha256: '00'.repeat(32), extents: [{ start: first, blocks }] };
}
