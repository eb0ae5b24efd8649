import {
  commit,
  dump,
  fsck,
  history,
  MemoryDevice,
  rollback,
  structureCrc,
  SUPERBLOCK,
  Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';
import { describe, expect, test } from 'vitest';

import { sampleRelease, sampleVolume, stageSample } from '../../test/vectors/sample.ts';
import { smallVolume } from './helpers/volumes.ts';

const sample = sampleVolume();

/** The sample volume with something done to it. */
function damaged(damage: (device: MemoryDevice, volume: Volume) => void): MemoryDevice {
  const device = sample.device.clone();
  damage(device, Volume.open(device));
  return device;
}

function findings(device: MemoryDevice, deep = false): readonly string[] {
  return fsck(device, { crypto, deep }).map(({ severity, code, place }) => `${severity} ${code} ${place}`);
}

const zeros = (blocks: number): Uint8Array => new Uint8Array(blocks * 4096);

describe('fsck()', () => {
  test('has nothing to say about a volume that is as it should be, deep or not', () => {
    expect(findings(sample.device)).toEqual([]);
    expect(findings(sample.device, true)).toEqual([]);
    expect(findings(smallVolume().device)).toEqual([]);
  });

  test('names a lost superblock copy, and which one', () => {
    expect(findings(damaged((device) => device.write(0, zeros(1))))).toEqual([
      'error SUPERBLOCK_A_UNUSABLE superblock copy A',
    ]);
    expect(findings(damaged((device) => device.write(96 * 4096, zeros(1))))).toEqual([
      'error SUPERBLOCK_B_UNUSABLE superblock copy B',
    ]);
  });

  test('Law 7: geometry is enforced: the copies must say the same', () => {
    const device = damaged((disk) => {
      const block = zeros(1);
      disk.read(96 * 4096, block);
      block[104] = 0x58;
      new DataView(block.buffer).setUint32(
        12,
        structureCrc(block.subarray(0, 512), SUPERBLOCK.fields.crc),
        true,
      );
      disk.write(96 * 4096, block);
    });
    expect(findings(device)).toEqual(['error SUPERBLOCKS_DIFFER superblock copies A and B']);
  });

  test('Law 7: geometry is enforced: a volume must begin with an erase group of its medium', () => {
    const at = (startBytes: number) =>
      fsck(sample.device, { crypto, startBytes }).map(({ severity, code }) => `${severity} ${code}`);
    const group = sample.volume.superblock.groupBlocks * 4096;
    expect([at(0), at(group), at(5 * group)]).toEqual([[], [], []]);
    for (const start of [512, group / 2, group - 4096, group + 4096])
      expect(at(start)).toEqual(['error VOLUME_MISALIGNED']);
  });

  test('warns of a volume that is smaller than its device', () => {
    const larger = new MemoryDevice(sample.device.sizeBytes + 4096);
    const bytes = new Uint8Array(sample.device.sizeBytes);
    sample.device.read(0, bytes);
    larger.write(0, bytes);
    expect(findings(larger)).toEqual(['warning COPY_B_OUT_OF_REACH superblock copy B']);
  });

  test('says why a volume cannot be opened, and goes no further', () => {
    expect(findings(new MemoryDevice(2 ** 20))).toEqual([
      'error SUPERBLOCK_A_UNUSABLE superblock copy A',
      'error SUPERBLOCK_B_UNUSABLE superblock copy B',
      'error VOLUME_UNUSABLE volume',
    ]);
    expect(findings(new MemoryDevice(100))).toEqual(['error VOLUME_UNUSABLE volume']);
    expect(
      findings(damaged((device) => [16, 32].forEach((block) => device.write(block * 4096, zeros(4))))),
    ).toEqual(['error VOLUME_UNUSABLE volume']);
  });

  test('notes a torn record, and warns of a ring without any', () => {
    expect(
      findings(damaged((device) => device.write(19 * 4096 + 2048, zeros(1).subarray(2048).fill(1)))),
    ).toEqual(['note RECORD_UNUSABLE ring 0 index 3']);
    expect(findings(damaged((device) => device.write(32 * 4096, zeros(4))))).toEqual([
      'warning RING_WITHOUT_RECORD ring 1',
    ]);
  });

  test('tells a damaged descriptor, a damaged release.json, and with --deep a damaged file', () => {
    const hit = (name: string, deep: boolean) =>
      findings(
        damaged((device, volume) =>
          device.write((volume.file(0, name).extents[0]?.start ?? 0) * 4096, Uint8Array.of(0)),
        ),
        deep,
      );
    expect(
      findings(damaged((device, volume) => device.write(volume.slot(1).descriptorBlock * 4096, zeros(1)))),
    ).toEqual(['error DESCRIPTOR_UNUSABLE slot 1']);
    expect(hit('release.json', false)).toEqual(['error FILE_DAMAGED slot 0']);
    expect(hit('rootfs', false)).toEqual([]);
    expect(hit('rootfs', true)).toEqual(['error FILE_DAMAGED slot 0']);
  });

  test('tells when nothing is left to start', () => {
    const { device, volume } = smallVolume(20);
    commit(volume, stageSample(volume, sampleRelease(1)));
    volume.write((draft) => draft.setSlot(0, { state: 3 }), { writer: 'loader', time: 0 });
    expect(findings(device)).toEqual(['warning NOTHING_TO_START volume']);
    volume.write((draft) => draft.setSlot(0, { flags: 0 }), { writer: 'loader', time: 0 });
    expect(findings(device)).toEqual(['error NOTHING_TO_START volume']);
  });

  test('gives every finding a way out or says that none is needed', () => {
    for (const finding of fsck(
      damaged((device) => device.write(0, zeros(1))),
      { crypto },
    ))
      expect(finding.hint).toMatch(/\.$/);
  });

  test('Law 8: bad bytes are values: any block overwritten with anything ends in findings', () => {
    for (let block = 0; block < 97; block += 1) {
      for (const fill of [0xff, 0x53]) {
        const device = damaged((disk) => disk.write(block * 4096, zeros(1).fill(fill)));
        expect(Array.isArray(fsck(device, { crypto, deep: true }))).toBe(true);
        expect(dump(device)).toMatch(/^device 397312 bytes\n/);
      }
    }
  });
});

describe('dump()', () => {
  test('is the same for the same bytes', () => expect(dump(sampleVolume().device)).toBe(dump(sample.device)));

  test('shows every structure', () => {
    const lines = dump(sample.device).split('\n');
    expect(lines.slice(0, 12)).toMatchSnapshot('superblock and current record');
    expect(lines.slice(-17)).toMatchSnapshot('descriptors');
  });

  test('says so when there is no volume', () => {
    expect(dump(new MemoryDevice(2 ** 20))).toBe(
      'device 1048576 bytes\nsuperblock copy A: SDFS_BAD_MAGIC\nsuperblock copy B: SDFS_BAD_MAGIC\nsuperblock: SDFS_BAD_MAGIC\n',
    );
  });
});

describe('history()', () => {
  test('tells what happened, oldest first', () => {
    const { volume } = smallVolume(20, { ringRecords: 16 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    rollback(volume, stageSample(volume, sampleRelease(2)), { detail: 'no' });
    stageSample(volume, sampleRelease(3));
    expect(told(volume)).toEqual([
      'mkfs: formatted',
      'updater: staged 0',
      'updater: confirmed 0',
      'updater: floor-raised',
      'updater: staged 1',
      'updater: rollback 1',
      'updater: staged 2',
    ]);
    expect(history(volume).at(-2)).toMatchObject({
      detail: 'no',
      reason: 'rollback',
      digest: volume.slot(1).releaseDigest,
    });
  });

  test('begins with the oldest record that is left, and says where records are missing', () => {
    const device = damaged((disk) => disk.write(34 * 4096, zeros(1)));
    expect(told(Volume.open(device))).toContain('updater: records-lost');
  });

  test('leaves out records that are not older than the current one', () => {
    const { volume } = smallVolume(12, { sequence: 2n ** 63n });
    volume.write(() => {}, { writer: 'updater', time: 0 });
    expect(history(volume)).toHaveLength(1);
  });
});

function told(volume: Volume): readonly string[] {
  return history(volume).map(
    ({ kind, slot, writer }) => `${writer}: ${kind}${slot === null ? '' : ` ${slot}`}`,
  );
}
