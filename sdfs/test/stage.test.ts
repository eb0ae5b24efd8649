import { checkSlot, commit, rollback, stage, Volume, type MemoryDevice } from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { keyOf, sampleRelease, stageSample, TRUSTED } from '../../test/vectors/sample.ts';
import { LoggingDevice } from './helpers/logging-device.ts';
import { releaseOfSize, releaseWith, signed, writeFiles } from './helpers/releases.ts';
import { codeOf, deviceDigest, smallVolume } from './helpers/volumes.ts';

/** Release 1 confirmed in slot 0. */
function installed(groups = 20): { readonly device: MemoryDevice; readonly volume: Volume } {
  const made = smallVolume(groups);
  commit(made.volume, stageSample(made.volume, sampleRelease(1)));
  return made;
}

/** Turns over a bit in the kernel of a slot. */
function damageKernel(device: MemoryDevice, volume: Volume, slot: number): void {
  const start = volume.descriptor(slot).files.find(({ name }) => name === 'kernel')?.extents[0]?.start ?? 0;
  const block = new Uint8Array(4096);
  device.read(start * 4096, block);
  block[100] = (block[100] ?? 0) ^ 1;
  device.write(start * 4096, block);
}

describe('stage()', () => {
  test('writes in the order of FORMAT.md §8: target empty -> blocks, descriptor -> read back -> trial', () => {
    const device = new LoggingDevice(installed().device);
    const volume = Volume.open(device);
    const session = stage(volume, signed(sampleRelease(2)), { crypto });
    writeFiles(session, sampleRelease(2));
    session.finish();
    const [first, data] = [64, device.log.slice(3, -5)];
    expect(device.log.slice(0, 3)).toEqual(['write 34+1', 'flush', 'drop']);
    expect(data.slice(0, -1)).not.toContain('flush');
    expect(data.at(-1)).toBe(`write ${first}+1`);
    expect(device.log.slice(-5)).toEqual(['flush', 'drop', 'write 19+1', 'flush', 'drop']);
  });

  test('gives back what was written, file by file, and a slot that passes every check', () => {
    const { volume } = installed();
    const { contents } = sampleRelease(2);
    const slot = stageSample(volume, sampleRelease(2));
    for (const [name, bytes] of Object.entries(contents)) expect(volume.readFile(slot, name)).toEqual(bytes);
    expect(checkSlot(volume, slot, { crypto, deep: true, architecture: 'amd64' }).release.version).toBe(
      '2.0',
    );
  });

  propertyTest.prop(
    [
      fc.integer({ min: 1, max: 40_000 }),
      fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }),
    ],
    { numRuns: 30 },
  )('takes files of any size in pieces of any size', (size, pieces) => {
    const { volume } = smallVolume();
    const sample = releaseOfSize(1, size);
    const session = stage(volume, signed(sample), { crypto });
    for (const { name } of session.files) {
      const bytes = sample.contents[name] ?? new Uint8Array();
      const writer = session.writer(name);
      for (let at = 0, index = 0; at < bytes.length; index += 1) {
        const piece = pieces[index % pieces.length] ?? 1;
        writer.write(bytes.subarray(at, at + piece));
        at += piece;
      }
      writer.close();
    }
    const { index } = session.finish();
    expect(volume.readFile(index, 'kernel')).toEqual(sample.contents['kernel']);
  });

  test.each([4095, 4096, 4097, 2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1])(
    'takes a kernel of %i bytes',
    (size) => {
      const { volume } = smallVolume(40);
      const sample = releaseOfSize(1, size);
      const session = stage(volume, signed(sample), { crypto });
      writeFiles(session, sample);
      expect(volume.readFile(session.finish().index, 'kernel', size)).toEqual(sample.contents['kernel']);
    },
  );

  test('never gives a generation twice, not even one of a slot that was emptied', () => {
    const { volume } = installed();
    const generations = [2, 3, 4, 5].map((version) => {
      const slot = stageSample(volume, sampleRelease(version));
      const { generation } = volume.slot(slot);
      rollback(volume, slot);
      return generation;
    });
    expect(new Set([1n, ...generations]).size).toBe(5);
    stage(volume, signed(sampleRelease(6)), { crypto });
    expect(stage(volume, signed(sampleRelease(6)), { crypto }).generation).toBe(6n);
  });

  test('renumbers priorities 1 to n in their order, and puts the new one above', () => {
    const { volume } = installed();
    for (const version of [2, 3]) commit(volume, stageSample(volume, sampleRelease(version)));
    volume.write((draft) => [9, 200, 100].forEach((priority, index) => draft.setSlot(index, { priority })), {
      writer: 'updater',
      time: 0,
    });
    const slot = stageSample(volume, sampleRelease(4));
    expect([slot, ...volume.record.slots.map(({ priority }) => priority)]).toEqual([0, 3, 2, 1]);
  });
});

describe('stage() keeps a way back', () => {
  /** Releases 1 and 2 confirmed, then given up by the loader. */
  function bothFailed(): Volume {
    const { volume } = smallVolume(20, { slots: 2 });
    for (const version of [1, 2]) commit(volume, stageSample(volume, sampleRelease(version)));
    volume.write((draft) => [0, 1].forEach((slot) => draft.setSlot(slot, { state: 3, reason: 6 })), {
      writer: 'loader',
      time: 0,
    });
    return volume;
  }

  test.each([
    [undefined, 0],
    [0, 1],
    [1, 0],
  ])('of two that failed once confirmed, with slot %s running, it fills slot %i', (runningSlot, target) => {
    const session = stage(bothFailed(), signed(sampleRelease(3)), { crypto, runningSlot });
    expect(session.slot).toBe(target);
  });
});

describe('stage() refuses, and the volume is as it was', () => {
  test('RELEASE_PRESENT: a release staged twice', () => {
    const { volume } = installed();
    stageSample(volume, sampleRelease(2));
    for (const version of [1, 2])
      expect(
        refused(volume, () => stage(volume, signed(sampleRelease(version)), { crypto, force: true })),
      ).toBe('RELEASE_PRESENT');
  });

  test('Law 5: what failed stays known: RELEASE_FAILED_BEFORE, also after its slot was filled anew, unless forced', () => {
    const { volume } = installed();
    rollback(volume, stageSample(volume, sampleRelease(2)), { detail: 'not what we wanted' });
    const again = (force: boolean) => () => stage(volume, signed(sampleRelease(2)), { crypto, force });
    expect(refused(volume, again(false))).toBe('RELEASE_FAILED_BEFORE');
    for (const version of [3, 4]) stageSample(volume, sampleRelease(version));
    expect(refused(volume, again(false))).toBe('RELEASE_FAILED_BEFORE');
    expect(volume.record.failures).toMatchObject([
      { reason: 'rollback', detail: 'not what we wanted', generation: 2n },
    ]);
    expect(codeOf(again(true))).toBe('done');
  });

  test('SLOT_BUSY: every slot but the running one is the only confirmed one', () => {
    const { volume } = smallVolume(12, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const trial = stageSample(volume, sampleRelease(2));
    expect(
      refused(volume, () => stage(volume, signed(sampleRelease(3)), { crypto, runningSlot: trial })),
    ).toBe('SLOT_BUSY');
    expect(codeOf(() => stage(volume, signed(sampleRelease(3)), { crypto, runningSlot: 0 }))).toBe('done');
  });

  test('Law 2: SLOT_BUSY: without a confirmed slot, the last one that was confirmed once', () => {
    const { volume } = smallVolume(12, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const trial = stageSample(volume, sampleRelease(2));
    // What the loader writes when a read of the confirmed slot failed in passing.
    volume.write((draft) => draft.setSlot(0, { state: 3, reason: 11 }), { writer: 'loader', time: 0 });
    expect(
      refused(volume, () => stage(volume, signed(sampleRelease(3)), { crypto, runningSlot: trial })),
    ).toBe('SLOT_BUSY');
    expect(stage(volume, signed(sampleRelease(3)), { crypto, runningSlot: 0 }).slot).toBe(trial);
  });

  test('Law 2: takes the confirmed slot that is damaged, however new, before the last one that is whole', () => {
    const { device, volume } = smallVolume(20, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const newer = stageSample(volume, sampleRelease(2));
    commit(volume, newer);
    damageKernel(device, volume, newer);
    expect(stage(volume, signed(sampleRelease(3)), { crypto }).slot).toBe(newer);
  });

  test('Law 2: takes the confirmed slot whose signature nobody trusts any more before the last one that boots', () => {
    const { volume } = smallVolume(20, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const session = stage(volume, signed(sampleRelease(2), keyOf(2)), { crypto });
    writeFiles(session, sampleRelease(2));
    const newer = session.finish().index;
    commit(volume, newer);
    const trustedKeys = [TRUSTED.publicKey];
    expect(stage(volume, signed(sampleRelease(3)), { crypto, trustedKeys }).slot).toBe(newer);
  });

  test('counts on the slot that runs, whichever key signed it: its start has shown that the loader trusts it', () => {
    const { volume } = smallVolume(20, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const running = stageSample(volume, sampleRelease(2));
    commit(volume, running);
    const { publicKey } = keyOf(2);
    const options = { crypto, trustedKeys: [publicKey], runningSlot: running };
    expect(stage(volume, signed(sampleRelease(3), keyOf(2)), options).slot).toBe(1 - running);
  });

  test('Law 2: SLOT_BUSY: the slot that runs is damaged, and the other one is the last that is whole', () => {
    const { device, volume } = smallVolume(20, { slots: 2 });
    commit(volume, stageSample(volume, sampleRelease(1)));
    const running = stageSample(volume, sampleRelease(2));
    commit(volume, running);
    damageKernel(device, volume, running);
    expect(
      refused(volume, () => stage(volume, signed(sampleRelease(3)), { crypto, runningSlot: running })),
    ).toBe('SLOT_BUSY');
  });

  test('VOLUME_FULL: more than the free groups and those of the target hold', () => {
    const { volume } = installed(8);
    expect(refused(volume, () => stage(volume, signed(releaseOfSize(2, 10 * 16 * 4096)), { crypto }))).toBe(
      'VOLUME_FULL',
    );
  });

  test('VOLUME_FULL: exactly one block too many, and not one fewer', () => {
    const { volume } = smallVolume(8);
    // Five data groups of 16 blocks; descriptor, release.json, release.sig and initrd take four blocks.
    expect(refused(volume, () => stage(volume, signed(releaseOfSize(1, 76 * 4096 + 1)), { crypto }))).toBe(
      'VOLUME_FULL',
    );
    expect(codeOf(() => stage(volume, signed(releaseOfSize(1, 76 * 4096)), { crypto }))).toBe('done');
  });

  test('Law 6: RELEASE_BELOW_FLOOR', () => {
    const { volume } = smallVolume(20);
    commit(volume, stageSample(volume, sampleRelease(5)));
    expect(volume.record.floor).toBe(5n);
    expect(refused(volume, () => stage(volume, signed(sampleRelease(4)), { crypto }))).toBe(
      'RELEASE_BELOW_FLOOR',
    );
  });

  test('RELEASE_WRONG_ARCHITECTURE', () => {
    const { volume } = installed();
    expect(
      refused(volume, () => stage(volume, signed(sampleRelease(2)), { crypto, architecture: 'arm64' })),
    ).toBe('RELEASE_WRONG_ARCHITECTURE');
  });

  test('CMDLINE_TOO_LONG: on arm and riscv64 sooner than elsewhere', () => {
    const { volume } = installed();
    const long = { commandLine: 'c'.repeat(700) };
    for (const architecture of ['arm', 'riscv64'] as const) {
      expect(
        refused(volume, () => stage(volume, signed(releaseWith(2, { ...long, architecture })), { crypto })),
      ).toBe('CMDLINE_TOO_LONG');
    }
    expect(codeOf(() => stage(volume, signed(releaseWith(2, long)), { crypto }))).toBe('done');
  });

  test('RELEASE_INVALID: a device tree whose name no slot can hold', () => {
    const { volume } = installed();
    const tree = { name: 'a b', size: 1, sha256: '00'.repeat(32) };
    expect(
      refused(volume, () => stage(volume, signed(releaseWith(2, { deviceTrees: [tree] })), { crypto })),
    ).toBe('RELEASE_INVALID');
  });

  test('SDFS_BAD_MAGIC: a confirmed slot cannot be read, so what it holds is not known', () => {
    const { device, volume } = installed();
    device.write(volume.slot(0).descriptorBlock * 4096, new Uint8Array(4096));
    expect(refused(volume, () => stage(volume, signed(sampleRelease(2)), { crypto }))).toBe('SDFS_BAD_MAGIC');
  });
});

describe('a stage that fails under way leaves an empty slot, and the confirmed one as it was', () => {
  test.each([
    ['a byte differs', (bytes: Uint8Array) => bytes.map((byte, index) => (index === 4000 ? byte ^ 1 : byte))],
    ['a byte too few', (bytes: Uint8Array) => bytes.subarray(1)],
    ['a byte too many', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['nothing at all', () => new Uint8Array()],
  ])('FILE_BAD_HASH: %s', (_, change) => {
    const { device, volume } = installed();
    const session = stage(volume, signed(sampleRelease(2)), { crypto });
    const writer = session.writer('kernel');
    expect(
      codeOf(() => {
        writer.write(change(sampleRelease(2).contents['kernel'] ?? new Uint8Array()));
        writer.close();
      }),
    ).toBe('FILE_BAD_HASH');
    expect(codeOf(() => session.finish())).toBe('RELEASE_INVALID');
    expectUnharmed(device);
  });

  test('RELEASE_INVALID: a file was left out; FILE_NOT_FOUND: one that the release does not name', () => {
    const { device, volume } = installed();
    const session = stage(volume, signed(sampleRelease(2)), { crypto });
    expect(codeOf(() => session.writer('vmlinux'))).toBe('FILE_NOT_FOUND');
    expect(codeOf(() => session.finish())).toBe('RELEASE_INVALID');
    expectUnharmed(device);
  });

  test('FILE_BAD_HASH: a block does not keep what was written', () => {
    const { device } = installed();
    const flaky = new LoggingDevice(device);
    const volume = Volume.open(flaky);
    const session = stage(volume, signed(sampleRelease(2)), { crypto });
    const rootfs = session.files.find((file) => file.kind === 'rootfs');
    flaky.rotten.add((rootfs?.extents[0]?.start ?? 0) + 1);
    writeFiles(session, sampleRelease(2));
    expect(codeOf(() => session.finish())).toBe('FILE_BAD_HASH');
    expectUnharmed(device);
  });

  test.each(['SDFS_READ_ONLY', 'SDFS_IO'] as const)(
    '%s: the device stops taking writes after any number of them',
    (code) => {
      for (let writes = 0; ; writes += 1) {
        const { device } = installed();
        const failing = new LoggingDevice(device);
        failing.failAfter = writes;
        failing.failWith = code;
        const volume = Volume.open(failing);
        if (codeOf(() => stageSample(volume, sampleRelease(2))) === 'done') break;
        expect(codeOf(() => stageSample(volume, sampleRelease(2)))).toBe(code);
        expectUnharmed(device);
      }
    },
  );
});

/** The code with which `act` is refused; nothing on the device may have changed. */
function refused(volume: Volume, act: () => unknown): string {
  const before = deviceDigest(volume.device);
  const code = codeOf(act);
  expect(deviceDigest(volume.device) === before, 'the volume has changed').toBe(true);
  return code;
}

function expectUnharmed(device: MemoryDevice): void {
  const volume = Volume.open(device);
  expect(volume.record.slots.map((slot) => slot.state)).toEqual(['confirmed', 'empty', 'empty']);
  checkSlot(volume, 0, { crypto, deep: true });
}
