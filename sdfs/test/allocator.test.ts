import { allocate, freeGroups, groupsOfSlot, type Volume } from '@cocon-os/sdfs';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../../test/vectors/sample.ts';
import { commit } from '@cocon-os/sdfs';
import { codeOf, smallVolume } from './helpers/volumes.ts';

const { superblock } = smallVolume(1000).volume;
const freeSet = fc
  .uniqueArray(fc.integer({ min: 3, max: 400 }), { maxLength: 100 })
  .map((groups) => groups.toSorted((a, b) => a - b));

describe('allocate()', () => {
  propertyTest.prop([freeSet, fc.integer({ min: 1, max: 2000 })])(
    'gives exactly the blocks asked for, of free groups only, none twice, ascending',
    (free, blocks) => {
      if (codeOf(() => allocate(superblock, free, blocks)) === 'VOLUME_FULL') {
        expect(free.length).toBeLessThan(Math.ceil(blocks / 16));
        return;
      }
      const extents = allocate(superblock, free, blocks);
      expect(extents.reduce((sum, each) => sum + each.blocks, 0)).toBe(blocks);
      for (const [index, { start, blocks: count }] of extents.entries()) {
        expect(start % 16).toBe(0);
        for (let group = start / 16; group < (start + count) / 16; group += 1)
          expect(free).toContain(Math.floor(group));
        const before = extents[index - 1];
        if (before !== undefined) expect(start).toBeGreaterThanOrEqual(before.start + before.blocks);
      }
    },
  );

  test('takes the smallest run that is large enough, else as few runs as can be', () => {
    const free = [3, 4, 5, 6, 10, 11, 20, 30, 31, 32];
    expect(allocate(superblock, free, 2 * 16)).toEqual([{ start: 160, blocks: 32 }]);
    expect(allocate(superblock, free, 3 * 16)).toEqual([{ start: 480, blocks: 48 }]);
    expect(allocate(superblock, free, 7 * 16)).toEqual([
      { start: 48, blocks: 64 },
      { start: 480, blocks: 48 },
    ]);
  });
});

describe('freeGroups()', () => {
  test('Law 2: the last good slot is untouchable: no group of a live slot is free, whatever is staged over', () => {
    const { volume } = smallVolume(20);
    for (let version = 1; version <= 12; version += 1) {
      const slot = stageSample(volume, sampleRelease(version));
      if (version % 3 !== 0) commit(volume, slot);
      for (const live of volume.liveSlots()) {
        const free = freeGroups(volume, slot);
        const held = groupsOfSlot(volume.superblock, live, volume.descriptor(live.index).files);
        if (live.index !== slot) expect(free.filter((group) => held.has(group))).toEqual([]);
      }
      expect(overlaps(volume)).toEqual([]);
    }
  });

  test('counts shared groups as in use while one of the slots lives', () => {
    const { volume } = smallVolume(20);
    const first = stageSample(volume, sampleRelease(1));
    const second = stageSample(volume, sampleRelease(2));
    const shared = volume.slot(first);
    volume.write((draft) => draft.clearSlot(first), { writer: 'updater', time: 0 });
    expect(freeGroups(volume, 2)).toContain(Math.floor(shared.descriptorBlock / 16));
    expect(freeGroups(volume, 2)).not.toContain(Math.floor(volume.slot(second).descriptorBlock / 16));
  });

  test('refuses while a confirmed slot cannot be read, and lets a failed one hold its descriptor only', () => {
    const { device, volume } = smallVolume(20);
    commit(volume, stageSample(volume, sampleRelease(1)));
    const second = stageSample(volume, sampleRelease(2));
    const { descriptorBlock } = volume.slot(second);
    device.write(descriptorBlock * 4096, new Uint8Array(4096));
    expect(codeOf(() => freeGroups(volume, 2))).toBe('SDFS_BAD_MAGIC');
    volume.write((draft) => draft.setSlot(second, { state: 3 }), { writer: 'loader', time: 0 });
    const free = freeGroups(volume, 2);
    expect(free).not.toContain(descriptorBlock / 16);
    expect(codeOf(() => stageSample(volume, sampleRelease(3)))).toBe('done');
  });
});

/** Slots that share a group, which they do not when nothing is shared on purpose. */
function overlaps(volume: Volume): readonly string[] {
  const held = volume.liveSlots().map((slot) => ({
    slot: slot.index,
    groups: groupsOfSlot(volume.superblock, slot, volume.descriptor(slot.index).files),
  }));
  return held.flatMap((a) =>
    held
      .filter((b) => b.slot > a.slot && [...a.groups].some((group) => b.groups.has(group)))
      .map((b) => `${a.slot} and ${b.slot}`),
  );
}
