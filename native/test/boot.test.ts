/** boot(): the loader's decisions on disks that JavaScript implements. */
import { createHash } from 'node:crypto';

import { boot, readVolume, type BootOptions } from '@cocon-os/native';
import { describe, expect, test } from 'vitest';

import { Disk, sampleVolume, TRUSTED_KEYS } from './disk.ts';

const OPTIONS: BootOptions = {
  trustedKeys: TRUSTED_KEYS,
  architecture: 'amd64',
  partitionUuid: '00112233-4455-6677-8899-aabbccddeeff',
};

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

describe('boot()', () => {
  test('starts the trial, once its attempt is on the disk', () => {
    const disk = new Disk(sampleVolume());
    const { started, failure, log } = boot(disk, { ...OPTIONS, time: 1_700_000_100 });
    expect(failure).toBeUndefined();
    expect(started).toMatchObject({ slot: 1, name: 'sample', version: '2.0', attempt: 2, attemptsTotal: 3 });
    expect(started?.lastResort).toBe(false);
    expect(disk.calls).toEqual([
      'write 4096 bytes of block 32',
      'flush',
      'write 4096 bytes of block 17',
      'flush',
    ]);
    expect(log).toEqual([
      'volume 01234567-89ab-4cde-8f01-23456789abcd: record 8, floor 1',
      'slot 1: none of its device trees is named after this machine',
      'slot 1: sample 2.0, trial 2 of 3',
    ]);
    const volume = readVolume(disk);
    expect(volume).toMatchObject({ record: { sequence: 10n, time: 1_700_000_100n, writer: 2 } });
    expect(volume).toHaveProperty(['record', 'slots', 1, 'attemptsLeft'], 1);
  });

  test.each([
    ['reset', 2],
    ['power-lost', 1],
  ] as const)('lastBoot %s: the open attempt makes this attempt %i', (lastBoot, attempt) => {
    const disk = new Disk(sampleVolume());
    boot(disk, OPTIONS);
    const { started } = boot(disk, { ...OPTIONS, lastBoot });
    expect(started?.attempt).toBe(attempt + 1);
  });

  test('refuses a lastBoot that it does not know', () => {
    const lastBoot: unknown = 'brownout';
    expect(() => boot(new Disk(sampleVolume()), Object.assign({}, OPTIONS, { lastBoot }))).toThrow(
      'lastBoot is "brownout", expected reset or power-lost',
    );
  });

  test('gives out the bytes that it verified', () => {
    const bytes = sampleVolume();
    const { started } = boot(new Disk(bytes), { ...OPTIONS, deviceTree: 'board.dtb' });
    expect(started?.kernelDigest).toBe(sha256('kernel 2\n'.repeat(556).slice(0, 5000)));
    expect(started?.initrdDigest).toBe(sha256('initrd 2\n'.repeat(456).slice(0, 4096)));
    expect(started?.deviceTreeDigest).toBe(sha256('dtb 2\n'.repeat(17).slice(0, 100)));
    expect(started?.commandLine).toMatch(/^console=ttyS0 cocon\.slot=1 cocon\.release=[0-9a-f]{64} /);
  });

  test('goes on with the next slot when the firmware refuses one, and notes that', () => {
    const disk = new Disk(sampleVolume());
    const { started, log } = boot(disk, { ...OPTIONS, refusedSlots: [1] });
    expect(started).toMatchObject({ slot: 0, version: '1.0' });
    expect(started?.attempt).toBeUndefined();
    expect(log).toContain('slot 1: did not start: refused');
    expect(readVolume(disk)).toMatchObject({
      record: { slots: [{ state: 'confirmed' }, { state: 'failed', reason: 7, detail: 'refused' }, {}] },
    });
  });

  test('says why nothing starts', () => {
    const { started, failure, log } = boot(new Disk(sampleVolume()), { ...OPTIONS, trustedKeys: [] });
    expect(started).toBeUndefined();
    expect(failure).toEqual({
      error: 'NO_BOOTABLE_SLOT',
      number: 23,
      message: 'no slot can be started',
    });
    expect(log.filter((line) => line.includes('RELEASE_UNTRUSTED'))).toHaveLength(3);
  });

  test('starts what is confirmed where nothing can be written', () => {
    for (const faults of [{ writable: false }, { failWrites: true }]) {
      const disk = new Disk(sampleVolume(), faults);
      expect(boot(disk, OPTIONS).started).toMatchObject({ slot: 0 });
      expect(disk.calls).toEqual([]);
    }
  });

  test('takes a method that throws, and a short read, for an I/O error', () => {
    const dead = new Disk(sampleVolume(), { failReads: () => true });
    expect(boot(dead, OPTIONS).failure).toMatchObject({ error: 'SDFS_IO', number: 1 });
    const short = new Disk(sampleVolume(), { shortReads: true });
    expect(boot(short, OPTIONS).failure).toMatchObject({ error: 'SDFS_IO', number: 1 });
    const copyB = new Disk(sampleVolume(), { failReads: (offset) => offset === 0 });
    const { started, log } = boot(copyB, OPTIONS);
    expect(started).toMatchObject({ slot: 1 });
    expect(log).toContain('superblock copy A is damaged, copy B counts');
  });

  test('throws what the caller has wrong', () => {
    const disk = new Disk(sampleVolume());
    const wrong: readonly (readonly [Partial<BootOptions>, string])[] = [
      [{ trustedKeys: [new Uint8Array(31)] }, 'a trusted key has 31 bytes, expected 32'],
      [{ architecture: 'x86_64' }, 'architecture is "x86_64", expected amd64, arm64, riscv64 or arm'],
      [{ partitionUuid: 'none' }, 'partitionUuid is "none", expected a UUID'],
      [{ partitionTable: 'third' as 'backup' }, 'partitionTable is "third", expected primary or backup'],
      [{ time: -1 }, 'time is -1, expected a whole number from 0 to 9007199254740991'],
      [{ time: Number.NaN }, 'time is NaN, expected a whole number from 0 to 9007199254740991'],
      [{ time: 1.5 }, 'time is 1.5, expected a whole number from 0 to 9007199254740991'],
      [{ refusedSlots: [257] }, 'a refused slot is 257, expected a whole number from 0 to 255'],
    ];
    for (const [options, message] of wrong) {
      expect(() => boot(disk, { ...OPTIONS, ...options })).toThrow(message);
    }
    for (const sizeBytes of [-1, 4096.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      const sized = Object.assign(new Disk(sampleVolume()), { sizeBytes });
      expect(() => boot(sized, OPTIONS)).toThrow(/^sizeBytes is \S+, expected a whole number from 0 to /);
    }
    const incomplete = { sizeBytes: 0, writable: true } as Disk;
    expect(() => boot(incomplete, OPTIONS)).toThrow('the device has no method "read"');
  });
});
