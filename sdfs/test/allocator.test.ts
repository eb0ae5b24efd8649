import {
  allocate,
  commit,
  encodeDescriptor,
  freeRuns,
  groupsOfSlot,
  type GroupRun,
  type Volume,
} from '@cocon-os/sdfs';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../../test/vectors/sample.ts';
import { codeOf, smallVolume } from './helpers/volumes.ts';

const { superblock } = smallVolume(1000).volume;

/** Runs with gaps between them. */
const freeSpace = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })), { maxLength: 30 })
  .map((pairs) => {
    let at = 3;
    return pairs.map(([gap, groups]): GroupRun => {
      const first = at + gap;
      at = first + groups;
      return { first, groups };
    });
  });

/** The groups of some runs, one by one. */
function groupsOf(runs: readonly GroupRun[]): ReadonlySet<number> {
  return new Set(
    runs.flatMap(({ first, groups }) => Array.from({ length: groups }, (_, index) => first + index)),
  );
}

describe('allocate()', () => {
  propertyTest.prop([freeSpace, fc.integer({ min: 1, max: 2000 })])(
    'gives exactly the blocks asked for, of free groups only, none twice, ascending',
    (free, blocks) => {
      const groups = groupsOf(free);
      if (codeOf(() => allocate(superblock, free, blocks)) === 'VOLUME_FULL') {
        expect(groups.size).toBeLessThan(Math.ceil(blocks / 16));
        return;
      }
      const extents = allocate(superblock, free, blocks);
      expect(extents.reduce((sum, each) => sum + each.blocks, 0)).toBe(blocks);
      for (const [index, { start, blocks: count }] of extents.entries()) {
        expect(start % 16).toBe(0);
        for (let block = start; block < start + count; block += 1)
          expect(groups.has(Math.floor(block / 16))).toBe(true);
        const before = extents[index - 1];
        if (before !== undefined) expect(start).toBeGreaterThanOrEqual(before.start + before.blocks);
      }
    },
  );

  test('takes the smallest run that is large enough, else as few runs as can be', () => {
    const free = [
      { first: 3, groups: 4 },
      { first: 10, groups: 2 },
      { first: 20, groups: 1 },
      { first: 30, groups: 3 },
    ];
    expect(allocate(superblock, free, 2 * 16)).toEqual([{ start: 160, blocks: 32 }]);
    expect(allocate(superblock, free, 3 * 16)).toEqual([{ start: 480, blocks: 48 }]);
    expect(allocate(superblock, free, 7 * 16)).toEqual([
      { start: 48, blocks: 64 },
      { start: 480, blocks: 48 },
    ]);
  });
});

describe('freeRuns()', () => {
  test('Law 2: the last good slot is untouchable: no group of a live slot is free, whatever is staged over', () => {
    const { volume } = smallVolume(20);
    for (let version = 1; version <= 12; version += 1) {
      const slot = stageSample(volume, sampleRelease(version));
      if (version % 3 !== 0) commit(volume, slot);
      const free = groupsOf(freeRuns(volume, slot));
      for (const live of volume.liveSlots()) {
        if (live.index !== slot)
          expect([...heldBy(volume, live.index)].filter((group) => free.has(group))).toEqual([]);
      }
      expect([...heldBy(volume, slot)].every((group) => free.has(group))).toBe(true);
    }
  });

  test('gives everything when every slot is empty', () => {
    const { volume } = smallVolume(20);
    expect(freeRuns(volume, 0)).toEqual([{ first: 3, groups: 17 }]);
  });

  test('counts shared groups as in use while one of the slots lives', () => {
    const { device, volume } = smallVolume(20);
    const first = stageSample(volume, sampleRelease(1));
    const { files } = volume.descriptor(first);
    const slot = volume.slot(first);
    // Slot 2 gets a descriptor of its own, of the same files.
    const descriptorBlock = 19 * 16;
    const identity = { slot: 2, generation: slot.generation, releaseDigest: slot.releaseDigest };
    const made = encodeDescriptor(files, identity, volume.superblock.volumeUuid);
    if (made === undefined) throw new Error('the descriptor does not fit');
    device.write(descriptorBlock * 4096, made.bytes);
    const stamp = { writer: 'updater', time: 0 } as const;
    const entry = { ...identity, state: 3, descriptorBlocks: 1, descriptorCrc: made.crc };
    volume.write((draft) => draft.setSlot(2, { ...entry, descriptorBlock: BigInt(descriptorBlock) }), stamp);
    expect(volume.descriptor(2).files).toEqual(files);
    const groups = heldBy(volume, first);
    volume.write((draft) => draft.clearSlot(first), stamp);
    const free = groupsOf(freeRuns(volume, first));
    expect([...groups].filter((group) => free.has(group))).toEqual([]);
    expect([...groups].every((group) => groupsOf(freeRuns(volume, 2)).has(group))).toBe(true);
  });

  test('refuses while a trial or the running slot cannot be read, and lets another failed slot hold its descriptor only', () => {
    const { device, volume } = smallVolume(20);
    commit(volume, stageSample(volume, sampleRelease(1)));
    const second = stageSample(volume, sampleRelease(2));
    const { descriptorBlock } = volume.slot(second);
    device.write(descriptorBlock * 4096, new Uint8Array(4096));
    expect(codeOf(() => freeRuns(volume, 2))).toBe('SDFS_BAD_MAGIC');
    volume.write((draft) => draft.setSlot(second, { state: 3 }), { writer: 'loader', time: 0 });
    expect(groupsOf(freeRuns(volume, 2)).has(descriptorBlock / 16)).toBe(false);
    expect(codeOf(() => freeRuns(volume, 2, second))).toBe('SDFS_BAD_MAGIC');
    expect(codeOf(() => stageSample(volume, sampleRelease(3)))).toBe('done');
  });
});

function heldBy(volume: Volume, index: number): ReadonlySet<number> {
  return groupsOf(groupsOfSlot(volume.superblock, volume.slot(index), volume.descriptor(index).files));
}
