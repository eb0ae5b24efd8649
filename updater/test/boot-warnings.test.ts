/** The kernel that runs against the record of the volume that was found. */
import { commit, rollback, type Volume } from '@cocon-os/sdfs';
import { beforeEach, describe, expect, test } from 'vitest';

import { bootWarnings } from '../src/boot-warnings.ts';
import { parseCommandLine } from '../src/kernel-command-line.ts';
import { makeRelease } from './support/release.ts';
import { install, memoryVolume } from './support/volume.ts';

const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0' });

let volume: Volume;
/** The first release confirmed in slot 0, the second one in its first attempt in slot 1. */
beforeEach(() => {
  volume = memoryVolume();
  commit(volume, install(volume, first));
  install(volume, second);
  count(1);
});

/** Counts an attempt, as the loader does. */
function count(slot: number): void {
  const { attemptsLeft } = volume.slot(slot);
  volume.write((draft) => draft.setSlot(slot, { attemptsLeft: attemptsLeft - 1 }), {
    writer: 'loader',
    time: 0,
  });
}

const codes = (line: string, twins: readonly string[] = []): readonly string[] =>
  bootWarnings(parseCommandLine(line), volume.record, twins).map(({ code }) => code);

const started = (slot: number, digest: string, attempt = ''): string =>
  `cocon.slot=${slot} cocon.release=${digest} ${attempt}`;

describe('bootWarnings()', () => {
  test('has nothing to say where kernel and record fit, on trial, confirmed and given up', () => {
    expect(codes(started(0, first.digest))).toEqual([]);
    expect(codes(started(1, second.digest, 'cocon.attempt=1/3'))).toEqual([]);
    commit(volume, 1);
    expect(codes(started(1, second.digest, 'cocon.attempt=1/3'))).toEqual([]);
    rollback(volume, 1);
    expect(codes(started(1, second.digest, 'cocon.attempt=1/3'))).toEqual([]);
  });

  test('ATTEMPT_MISFIT when the attempt was counted on another copy', () => {
    for (const attempt of ['cocon.attempt=2/3', 'cocon.attempt=1/4', ''])
      expect(codes(started(1, second.digest, attempt))).toEqual(['ATTEMPT_MISFIT']);
    count(1);
    expect(codes(started(1, second.digest, 'cocon.attempt=1/3'))).toEqual(['ATTEMPT_MISFIT']);
  });

  test('RELEASE_MISFIT when the slot holds something else', () => {
    expect(codes(started(0, second.digest))).toEqual(['RELEASE_MISFIT']);
    expect(codes(started(2, first.digest))).toEqual(['RELEASE_MISFIT']);
    expect(codes(started(99, first.digest))).toEqual(['RELEASE_MISFIT']);
  });

  test('PARTITION_TABLE_LOST when the loader went by the backup', () => {
    const lost = ` cocon.volume=PARTUUID=${'0'.repeat(36)} gpt `;
    expect(codes(started(0, first.digest, lost))).toEqual(['PARTITION_TABLE_LOST']);
  });

  test('UUID_TWICE when another partition has the same UUID, whether the rest fits or not', () => {
    expect(codes(started(0, first.digest), ['/dev/vda2'])).toEqual(['UUID_TWICE']);
    expect(codes(started(1, second.digest), ['/dev/vda2'])).toEqual(['UUID_TWICE', 'ATTEMPT_MISFIT']);
  });

  test('has nothing to say on a machine that our loader did not start', () => {
    expect(codes('root=/dev/sda1')).toEqual([]);
  });
});
