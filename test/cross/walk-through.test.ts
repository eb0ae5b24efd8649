/** FORMAT.md §11, step by step: the slot manager and the loader take turns on one volume. */
import {
  commit,
  composeCommandLine,
  history,
  isSdfsError,
  LIMITS,
  MemoryDevice,
  mkfs,
  noteProgress,
  noteShutdown,
  openRelease,
  Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { beforeEach, describe, expect, test } from 'vitest';

import { sampleRelease, stageSample, TRUSTED } from '../vectors/sample.ts';
import { bootOnce, PARTITION_UUID, type LastBoot } from './boot.ts';

let device: MemoryDevice;
const open = (): Volume => Volume.open(device);
const state = () => {
  const { record } = open();
  return { sequence: record.sequence, slots: record.slots.map((slot) => slot.state) };
};
/** What boots. */
const boot = (lastBoot: LastBoot = 'reset') => {
  const { started, failure } = bootOnce(device, { lastBoot });
  return { version: started?.version, attempt: started?.attempt, failure: failure?.error };
};

/** Release 1 in slot 0, confirmed. */
function installFirst(): void {
  const volume = open();
  commit(volume, stageSample(volume, sampleRelease(1)));
}

/** Steps 1 to 3: release 1 confirmed in slot 0 with sequence 40 current, release 2 staged, booted and committed. */
function untilStep3(): void {
  device = new MemoryDevice(64 * 2 ** 20);
  mkfs(device, { slots: 3, sequence: 37n }, nodeCrypto);
  installFirst();
  stageSample(open(), sampleRelease(2));
  boot();
  for (const progress of ['init', 'health'] as const) noteProgress(open(), 1, { progress });
  commit(open(), 1);
}

describe('the walk-through of FORMAT.md §11', () => {
  beforeEach(untilStep3);

  test('1 to 3: a stage takes two records, a trial two more before it starts', () => {
    device = new MemoryDevice(64 * 2 ** 20);
    mkfs(device, { slots: 3, sequence: 37n }, nodeCrypto);
    installFirst();
    expect(state()).toEqual({ sequence: 40n, slots: ['confirmed', 'empty', 'empty'] });
    stageSample(open(), sampleRelease(2));
    expect(state()).toEqual({ sequence: 42n, slots: ['confirmed', 'trial', 'empty'] });
    expect(open().slot(1)).toMatchObject({ attemptsLeft: 3, attemptsTotal: 3, priority: 2 });
    expect(boot()).toEqual({ version: '2.0', attempt: 1, failure: undefined });
    expect(state().sequence).toBe(44n);
    expect(open().slot(1)).toMatchObject({ attemptsLeft: 2, progress: 'kernel' });
    expect(noteProgress(open(), 1, { progress: 'init' })).toBe(true);
    expect(noteProgress(open(), 1, { progress: 'health' })).toBe(true);
    expect(commit(open(), 1)).toEqual({ changed: true, floor: 1n });
    expect(state()).toEqual({ sequence: 47n, slots: ['confirmed', 'confirmed', 'empty'] });
    expect(open().slot(1)).toMatchObject({ progress: 'healthy', reason: 'none', wasConfirmed: true });
  });

  test('4: Law 4: confirmed boots write nothing, also when every part of the machine tries to', () => {
    const before = open().record.bytes;
    expect(boot()).toEqual({ version: '2.0', attempt: undefined, failure: undefined });
    expect(noteProgress(open(), 1, { progress: 'init' })).toBe(false);
    expect(noteProgress(open(), 1, { progress: 'healthy' })).toBe(false);
    expect(commit(open(), 1).changed).toBe(false);
    expect(open().record.bytes).toEqual(before);
  });

  test('5 to 8: Law 3: a trial ends; Law 5: what failed stays known', () => {
    stageSample(open(), sampleRelease(3));
    expect(state()).toEqual({ sequence: 49n, slots: ['confirmed', 'confirmed', 'trial'] });
    for (const attempt of [1, 2, 3]) expect(boot()).toEqual({ version: '3.0', attempt, failure: undefined });
    expect(state().sequence).toBe(55n);
    expect(boot()).toEqual({ version: '2.0', attempt: undefined, failure: undefined });
    expect(state()).toEqual({ sequence: 56n, slots: ['confirmed', 'confirmed', 'failed'] });
    expect(open().slot(2)).toMatchObject({ reason: 'reset', progress: 'kernel' });
    expect(boot().version).toBe('2.0');
    expect(state().sequence).toBe(56n);
    expect(codeOf(() => stageSample(open(), sampleRelease(3)))).toBe('RELEASE_FAILED_BEFORE');
    expect(
      history(open())
        .slice(-9)
        .map(({ kind, slot, sequence }) => [kind, slot, sequence]),
    ).toEqual([
      ['confirmed', 1, 47n],
      ['staged', 2, 49n],
      ['attempt', 2, 50n],
      ['progress', 2, 51n],
      ['attempt', 2, 52n],
      ['progress', 2, 53n],
      ['attempt', 2, 54n],
      ['progress', 2, 55n],
      ['failed', 2, 56n],
    ]);
  });

  test('the unhappy ending: both slots wear out, nothing is left, and nothing is made worse by trying', () => {
    wearOut(1);
    expect(boot().version).toBe('1.0');
    expect(open().slot(1)).toMatchObject({
      state: 'failed',
      reason: 'hash',
      detail: 'kernel',
      wasConfirmed: true,
    });
    wearOut(0);
    expect(boot()).toEqual({ version: undefined, attempt: undefined, failure: 'NO_BOOTABLE_SLOT' });
    const { sequence } = state();
    expect(boot().failure).toBe('NO_BOOTABLE_SLOT');
    expect(state().sequence).toBe(sequence);
  });

  test('a cut in the middle: the whole ring is lost, and the trial ends one boot later', () => {
    stageSample(open(), sampleRelease(3));
    for (let attempt = 1; attempt <= 3; attempt += 1) boot();
    boot();
    const { superblock, record } = open();
    device.write(superblock.ringBlocks[0] * 4096, new Uint8Array(superblock.groupBlocks * 4096).fill(0xff));
    expect(state()).toEqual({ sequence: 55n, slots: ['confirmed', 'confirmed', 'trial'] });
    expect(boot('power-lost')).toMatchObject({ version: '3.0', attempt: 3 });
    expect(boot().version).toBe('2.0');
    expect(open().slot(2)).toMatchObject({ ...record.slots[2], interruptionsLeft: 2 });
  });

  test.each(['reset', 'power-lost'] as const)(
    'restarted by hand: the attempt is given back, also when the boot after it finds memory as after a %s',
    (lastBoot) => {
      device = new MemoryDevice(64 * 2 ** 20);
      mkfs(device, { slots: 3, sequence: 37n }, nodeCrypto);
      installFirst();
      stageSample(open(), sampleRelease(2));
      boot();
      for (const progress of ['init', 'health'] as const) noteProgress(open(), 1, { progress });
      expect(noteShutdown(open(), 1)).toEqual({ changed: true, givenBack: true });
      expect(state().sequence).toBe(47n);
      expect(open().slot(1)).toMatchObject({
        reason: 'shutdown',
        progress: 'health',
        attemptsLeft: 3,
        shutdowns: 1,
      });
      expect(boot(lastBoot)).toMatchObject({ version: '2.0', attempt: 1 });
      expect(open().slot(1)).toMatchObject({ attemptsLeft: 2, interruptionsLeft: 3, reason: 'none' });
    },
  );

  /** Boots of a trial that restarts itself before it is healthy, until it is left: by which attempt each was. */
  function restarting(): readonly number[] {
    stageSample(open(), sampleRelease(3));
    const attempts: number[] = [];
    for (let boots = 0; boots < 30 && boot().attempt !== undefined; boots += 1) {
      attempts.push(3 - open().slot(2).attemptsLeft);
      noteProgress(open(), 2, { progress: 'init' });
      noteShutdown(open(), 2);
    }
    return attempts;
  }

  test('Law 3: a trial ends, also one that restarts itself before it is healthy; it may be staged again', () => {
    expect(restarting()).toEqual([...Array.from({ length: LIMITS.FREE_SHUTDOWNS }, () => 1), 1, 2, 3]);
    expect(open().slot(2)).toMatchObject({ state: 'failed', reason: 'shutdown', progress: 'init' });
    expect(open().record.failures).toMatchObject([{ reason: 'shutdown' }]);
    const events = history(open()).filter(({ kind }) => kind === 'shutdown');
    expect(events).toHaveLength(LIMITS.FREE_SHUTDOWNS + 3);
    expect(codeOf(() => stageSample(open(), sampleRelease(3)))).toBe('done');
    expect(open().slot(2)).toMatchObject({ state: 'trial', shutdowns: 0 });
  });

  test('Law 5: what failed stays known: a release that restarts itself is staged again once, and not for ever', () => {
    const trials = [restarting(), restarting()];
    expect(trials[1]).toEqual(trials[0]);
    expect(open().slot(2)).toMatchObject({ state: 'failed', reason: 'shutdown' });
    expect(open().record.failures).toMatchObject([{ reason: 'no-commit', progress: 'init' }]);
    expect(codeOf(() => stageSample(open(), sampleRelease(3)))).toBe('RELEASE_FAILED_BEFORE');
  });

  test('unplugged: the attempt is given back, as often as interruptions are granted', () => {
    stageSample(open(), sampleRelease(3));
    const attempts = Array.from({ length: 7 }, () => boot('power-lost').attempt);
    expect(attempts).toEqual([1, 1, 1, 1, 2, 3, undefined]);
    expect(open().slot(2)).toMatchObject({ state: 'failed', reason: 'power-lost', interruptionsLeft: 0 });
    expect(history(open()).filter(({ kind }) => kind === 'power-lost')).toHaveLength(3);
  });
});

test.each([
  ['in a confirmed slot', 1, 'primary', undefined],
  ['in a trial', 2, 'primary', '1/3'],
  ['on a disk that has lost its primary partition table', 2, 'backup', '1/3'],
] as const)(
  'the command line that the slot manager foresees is the one that the loader composes %s',
  (_, slot, partitionTable, trial) => {
    untilStep3();
    if (trial !== undefined) stageSample(open(), sampleRelease(3));
    const volume = open();
    const signed = openRelease(
      volume.readFile(slot, 'release.json'),
      volume.readFile(slot, 'release.sig'),
      [TRUSTED.publicKey],
      nodeCrypto,
    );
    const parts = { signed, slot, files: volume.descriptor(slot).files, superblock: volume.superblock };
    const told = { partitionUuid: PARTITION_UUID, partitionTable, ...(trial !== undefined && { trial }) };
    expect(bootOnce(device, { partitionTable }).started?.commandLine).toBe(composeCommandLine(parts, told));
  },
);

function wearOut(slot: number): void {
  const volume = open();
  const [extent] = volume.file(slot, 'kernel').extents;
  device.write((extent?.start ?? 0) * 4096, new Uint8Array(512).fill(0xff));
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown.code;
    throw thrown;
  }
  return 'done';
}
