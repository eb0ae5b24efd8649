import {
  bootOrder,
  commit,
  LIMITS,
  noteProgress,
  noteShutdown,
  outputOf,
  rollback,
  Volume,
} from '@cocon-os/sdfs';
import { describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../../test/vectors/sample.ts';
import { codeOf, deviceDigest, smallVolume } from './helpers/volumes.ts';

function installed(...versions: readonly number[]): Volume {
  const { volume } = smallVolume(20);
  for (const version of versions) commit(volume, stageSample(volume, sampleRelease(version)));
  return volume;
}

describe('commit()', () => {
  test('confirms a trial, and notes that it was', () => {
    const volume = installed(1);
    expect(Volume.open(volume.device).slot(0)).toMatchObject({
      state: 'confirmed',
      wasConfirmed: true,
      progress: 'healthy',
      reason: 'none',
      detail: '',
    });
  });

  test('Law 4: confirmed boots write nothing: it leaves a confirmed slot alone', () => {
    const volume = installed(1);
    const before = deviceDigest(volume.device);
    expect(commit(volume, 0)).toEqual({ changed: false, floor: 1n });
    expect(noteProgress(volume, 0, { progress: 'healthy' })).toBe(false);
    expect(deviceDigest(volume.device)).toBe(before);
  });

  test('refuses an empty slot, one that the volume does not have, and a failed one', () => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    rollback(volume, slot);
    const before = deviceDigest(volume.device);
    expect([2, 3, -1, 0.5, slot].map((index) => codeOf(() => commit(volume, index)))).toEqual([
      'SLOT_NOT_FOUND',
      'SLOT_NOT_FOUND',
      'SLOT_NOT_FOUND',
      'SLOT_NOT_FOUND',
      'SLOT_NOT_IN_TRIAL',
    ]);
    expect(deviceDigest(volume.device)).toBe(before);
  });
});

describe('Law 6: the floor cannot brick', () => {
  test('it rises on commit only, and only as far as every slot kept meets it', () => {
    const volume = installed(3);
    expect(volume.record.floor).toBe(3n);
    const trial = stageSample(volume, sampleRelease(7));
    expect(volume.record.floor).toBe(3n);
    expect(commit(volume, trial).floor).toBe(3n);
    const third = stageSample(volume, sampleRelease(9));
    expect(commit(volume, third).floor).toBe(3n);
    expect(commit(volume, stageSample(volume, sampleRelease(8))).floor).toBe(7n);
    for (const slot of volume.liveSlots()) {
      expect(BigInt(volume.release(slot.index).securityVersion)).toBeGreaterThanOrEqual(volume.record.floor);
    }
  });

  test('it stays where it is while a release of a live slot cannot be read', () => {
    const volume = installed(1);
    const trial = stageSample(volume, sampleRelease(5));
    const [extent] = volume.file(0, 'release.json').extents;
    volume.device.write((extent?.start ?? 0) * 4096, new Uint8Array(4096));
    expect(commit(volume, trial).floor).toBe(1n);
  });
});

describe('rollback()', () => {
  test('Law 5: what failed stays known: it keeps how far the slot got, and why', () => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    noteProgress(volume, slot, { progress: 'health', reason: 'health-failed', detail: '10-network: exit 1' });
    expect(rollback(volume, slot, { detail: 'by hand, because of the network' })).toBe(true);
    expect(volume.slot(slot)).toMatchObject({
      state: 'failed',
      reason: 'rollback',
      progress: 'health',
      detail: 'by hand, because of the network',
    });
    expect(volume.record.failures).toMatchObject([
      { reason: 'rollback', progress: 'health', detail: 'by hand, because of th' },
    ]);
    expect(rollback(volume, slot)).toBe(false);
  });

  test('refuses when nothing else would be left to start', () => {
    const volume = installed(1);
    expect(codeOf(() => rollback(volume, 0))).toBe('NO_BOOTABLE_SLOT');
    stageSample(volume, sampleRelease(2));
    expect(codeOf(() => rollback(volume, 0))).toBe('done');
    expect(volume.slot(0)).toMatchObject({ state: 'failed', wasConfirmed: true });
  });
});

describe('noteProgress()', () => {
  test('writes for a trial, and only what is not noted yet', () => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    expect(noteProgress(volume, slot, { progress: 'init', time: 77 })).toBe(true);
    const { sequence } = volume.record;
    expect(noteProgress(volume, slot, { progress: 'init' })).toBe(false);
    expect(volume.record).toMatchObject({ sequence, time: 77n, writer: 1 });
  });

  test.each(['x'.repeat(49), 'é'.repeat(25), 'cut\0off', '\uD800'])('writes the detail %j once', (detail) => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    const note = () => noteProgress(volume, slot, { progress: 'health', reason: 'health-failed', detail });
    expect([note(), note()]).toEqual([true, false]);
  });
});

describe('the output of a check', () => {
  const fails = (volume: Volume, slot: number, output: string) =>
    noteProgress(volume, slot, { progress: 'health', reason: 'health-failed', detail: 'x: exit 1', output });

  test('is kept by stage, also when the slot has been filled anew, and told of nothing but failed checks', () => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    expect([fails(volume, slot, 'no route'), fails(volume, slot, 'no route')]).toEqual([true, false]);
    expect(outputOf(volume.record, volume.slot(slot))).toBe('no route');
    expect(fails(volume, slot, 'no lease')).toBe(true);
    volume.write((draft) => draft.setSlot(slot, { reason: 12 }), { writer: 'loader', time: 0 });
    expect(outputOf(volume.record, volume.slot(slot))).toBe('');
    expect(fails(volume, slot, '')).toBe(true);
    expect(volume.record.outputs).toEqual([]);
  });

  test('takes the place of the oldest when all are in use', () => {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    for (let generation = 10; generation < 18; generation += 1) {
      volume.write((draft) => draft.setSlot(slot, { generation: BigInt(generation), reason: 0 }), {
        writer: 'loader',
        time: 0,
      });
      fails(volume, slot, `of ${generation}`);
    }
    const kept = Volume.open(volume.device).record.outputs.map(({ output }) => output);
    expect(kept.toSorted()).toEqual(['of 12', 'of 13', 'of 14', 'of 15', 'of 16', 'of 17']);
  });
});

describe('noteShutdown()', () => {
  /** Release 2 in a slot that a loader has counted an attempt of. */
  function onTrial() {
    const volume = installed(1);
    const slot = stageSample(volume, sampleRelease(2));
    const begin = () =>
      volume.write((draft) => draft.setSlot(slot, { attemptsLeft: 2, progress: 2, reason: 0 }), {
        writer: 'loader',
        time: 0,
      });
    begin();
    return { volume, slot, begin };
  }

  test('gives the attempt back once, and what the end of the system makes fail is not noted', () => {
    const { volume, slot } = onTrial();
    noteProgress(volume, slot, { progress: 'health' });
    expect(noteShutdown(volume, slot, { time: 77 })).toEqual({ changed: true, givenBack: true });
    expect(volume.record).toMatchObject({ time: 77n, writer: 1 });
    const noted = { state: 'trial', reason: 'shutdown', progress: 'health', attemptsLeft: 3, shutdowns: 1 };
    expect(volume.slot(slot)).toMatchObject(noted);
    expect(noteShutdown(volume, slot)).toEqual({ changed: false, givenBack: false });
    const failing = { progress: 'health', reason: 'health-failed', detail: '10-network: exit 1' } as const;
    expect(noteProgress(volume, slot, failing)).toBe(false);
    expect(volume.slot(slot)).toMatchObject(noted);
  });

  test('leaves alone what has not begun, what has failed its checks, and what is confirmed or given up', () => {
    const { volume, slot } = onTrial();
    const nothing = { changed: false, givenBack: false };
    noteProgress(volume, slot, { progress: 'health', reason: 'health-failed', detail: '10-network: exit 1' });
    expect(noteShutdown(volume, slot)).toEqual(nothing);
    volume.write((draft) => draft.setSlot(slot, { progress: 0, reason: 0 }), { writer: 'loader', time: 0 });
    expect(noteShutdown(volume, slot)).toEqual(nothing);
    commit(volume, slot);
    expect(noteShutdown(volume, slot)).toEqual(nothing);
    rollback(volume, slot);
    expect(noteShutdown(volume, slot)).toEqual(nothing);
  });

  test('charges the attempt once the free ones are used, and counts on as far as the field reaches', () => {
    const { volume, slot, begin } = onTrial();
    const results = Array.from({ length: 300 }, () => {
      begin();
      return noteShutdown(volume, slot).givenBack;
    });
    expect(results.indexOf(false)).toBe(LIMITS.FREE_SHUTDOWNS);
    expect(results.lastIndexOf(true)).toBe(LIMITS.FREE_SHUTDOWNS - 1);
    expect(volume.slot(slot)).toMatchObject({ attemptsLeft: 2, shutdowns: 255 });
  });

  test('user space that runs once more without a loader (kexec) takes the attempt up again', () => {
    const { volume, slot } = onTrial();
    noteProgress(volume, slot, { progress: 'init' });
    noteShutdown(volume, slot);
    expect(noteProgress(volume, slot, { progress: 'init' })).toBe(true);
    expect(volume.slot(slot)).toMatchObject({
      reason: 'none',
      progress: 'init',
      attemptsLeft: 2,
      shutdowns: 1,
    });
    volume.write((draft) => draft.setSlot(slot, { attemptsLeft: 0, shutdowns: 16 }), {
      writer: 'loader',
      time: 0,
    });
    noteShutdown(volume, slot);
    expect(noteProgress(volume, slot, { progress: 'init' })).toBe(true);
    expect(volume.slot(slot)).toMatchObject({ reason: 'none', attemptsLeft: 0, shutdowns: 17 });
  });
});

describe('bootOrder()', () => {
  test('is the order of FORMAT.md §7: descending priority, among equals ascending number', () => {
    const volume = installed(1, 2, 3);
    volume.write((draft) => [5, 9, 9].forEach((priority, index) => draft.setSlot(index, { priority })), {
      writer: 'updater',
      time: 0,
    });
    expect(bootOrder(volume.record, { writable: true })).toEqual([1, 2, 0]);
    volume.write((draft) => draft.setSlot(1, { state: 1, attemptsLeft: 1 }), { writer: 'updater', time: 0 });
    expect(bootOrder(volume.record, { writable: false })).toEqual([2, 0]);
    volume.write((draft) => draft.setSlot(1, { attemptsLeft: 0 }), { writer: 'updater', time: 0 });
    expect(bootOrder(volume.record, { writable: true })).toEqual([2, 0]);
  });
});
