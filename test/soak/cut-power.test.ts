/** What a cut leaves of a log that QEMU's own driver has written, and whether a disk that does not hold is noticed. */
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';

import { makeScratch } from '@cocon-os/qemu';
import { BLOCK_SIZE } from '@cocon-os/sdfs';
import { afterAll, describe, expect, test } from 'vitest';

import { seededRandom } from '../prove/random.ts';
import { sampleVolume, TRUSTED } from '../vectors/sample.ts';
import { BrickedError } from './bricked-error.ts';
import { examine, survivors } from './cut-power.ts';

const scratch = makeScratch('cut-power');
afterAll(() => scratch[Symbol.dispose]());

function record(...commands: readonly string[]): string {
  const disk = scratch.file('disk.img');
  const log = scratch.file('writes.log');
  writeFileSync(disk, '');
  truncateSync(disk, 1 << 20);
  writeFileSync(log, '');
  const options = `driver=blklogwrites,file.driver=file,file.filename=${disk},log.driver=file,log.filename=${log}`;
  // Killed, so that closing the disk adds no flush.
  const last = ['-c', 'sigraise 9'];
  const words = [
    '--cache=writeback',
    '--image-opts',
    options,
    ...commands.flatMap((command) => ['-c', command]),
    ...last,
  ];
  try {
    execFileSync('qemu-io', words, { stdio: 'ignore' });
  } catch {
    return log;
  }
  throw new Error('qemu-io was not killed');
}

const VOLUME = { offset: 0, sizeBytes: 1 << 19 };
const BEHIND = VOLUME.sizeBytes;

describe('survivors()', () => {
  test('keeps what was flushed, and of the rest loses and tears what chance says', () => {
    const log = record('write 0 4096', 'flush', 'write 4096 4096', 'write 8192 4096');
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed += 1) {
      const { writes, losses } = survivors(log, VOLUME, seededRandom(seed));
      expect(writes[0]).toMatchObject({ offset: 0, length: 4096 });
      expect(losses.kept + losses.lost + losses.torn).toBe(2);
      seen.add(writes.map(({ offset, length }) => `${offset}+${Math.sign(4096 - length)}`).join());
    }
    // Each of both is there, torn, or lost.
    expect(seen.size).toBe(9);
  });

  test('tears nothing outside the volume, and does not count it', () => {
    const log = record('flush', `write ${BEHIND} 4096`);
    for (let seed = 0; seed < 50; seed += 1) {
      const { writes, losses } = survivors(log, VOLUME, seededRandom(seed));
      expect(losses).toEqual({ kept: 0, lost: 0, torn: 0 });
      for (const { length } of writes) expect(length).toBe(4096);
    }
  });

  test('loses everything before the first flush', () => {
    expect(survivors(record('write 0 4096'), VOLUME, seededRandom(1)).writes).toEqual([]);
    expect(survivors(record(), VOLUME, seededRandom(1)).writes).toEqual([]);
  });
});

describe('examine()', () => {
  test('tells what the sample boots', () => {
    expect(examine(sampleVolume().device, [TRUSTED.publicKey])).toMatchObject({ next: { trial: true } });
  });

  test.each(['kernel', 'rootfs', 'release.sig'])('notices a lost block of %s', (name) => {
    const { device, volume } = sampleVolume();
    const start = volume.descriptor(0).files.find((file) => file.name === name)?.extents[0]?.start;
    device.write((start ?? 0) * BLOCK_SIZE, new Uint8Array(BLOCK_SIZE));
    expect(() => examine(device, [TRUSTED.publicKey])).toThrow(BrickedError);
  });

  test('notices that a device was left without what it trusts', () => {
    expect(() => examine(sampleVolume().device, [])).toThrow(BrickedError);
  });
});
