/** A profile's budget in `cocon build`: the image is sealed to see what it comes to, and takes no place when that is too much. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test, vi } from 'vitest';

import { findMkfsErofs } from '../src/find-tools.ts';
import { cocon, mustRun } from './support/cocon.ts';
import { makePe } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();
const SLICES = dirname(fileURLToPath(import.meta.resolve('@cocon-os/engine/build')));
const KIB = 1024;

/** A profile of two slices, one of which is a kernel; what they hold lies beside it. */
const PROFILE = `
import { join } from 'node:path';
import { defineProfile } from '${SLICES}/define/profile.ts';
import { defineSlice } from '${SLICES}/define/slice.ts';
import { localSource } from '${SLICES}/define/source.ts';
const slice = (name) => defineSlice({
  name, version: '1', license: 'MIT', summary: 'A slice for a test', outputs: { runtime: [''] },
  source: localSource(join(import.meta.dirname, '..', name)), build: () => ({ kind: 'entries', entries: [] }),
});
export const profile = defineProfile({
  name: 'small', summary: 'For a test', slices: [slice('kernel'), slice('program')], budget: { size: '64 KiB' },
});
`;

const BOARD = `
import { defineBoard } from '${SLICES}/define/board.ts';
export const board = defineBoard({ name: 'bench', summary: 'For a test', target: 'x86_64', commandLine: 'console=ttyS0', kernel: () => [] });
`;

function put(directory: string, path: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), contents);
}

test('cocon build refuses an image whose sealed size is over the budget, and names what grew', async () => {
  // That of the usual cache, which has it; all else is built in one of the test's own.
  vi.stubEnv('COCON_MKFS_EROFS', await findMkfsErofs());
  vi.stubEnv('COCON_CACHE', scratch('cache'));
  const home = scratch('home');
  put(home, 'profiles/small.ts', PROFILE);
  put(home, 'boards/bench.ts', BOARD);
  put(home, 'kernel/boot/vmlinuz', makePe());
  // What compresses counts by what it comes to: a mebibyte of zeros keeps a budget of 64 KiB.
  put(home, 'program/usr/bin/zeros', Buffer.alloc(KIB * KIB));
  put(home, 'program/usr/bin/program', randomBytes(20 * KIB));
  const argv = ['build', 'small', '--board', 'bench'];
  const kept = JSON.parse((await mustRun(home, ...argv, '--json')).out);
  expect(kept.sealedBytes).toBeGreaterThan(20 * KIB);
  expect(kept.sealedBytes).toBeLessThanOrEqual(64 * KIB);
  const layout = join(home, 'out/small-bench');

  // It is what a slot holds of the release: the kernel, and whole blocks of root file system and hash tree.
  await mustRun(home, 'keygen', 'release');
  const sealed = await mustRun(home, 'seal', layout, '--key', 'release.key', '--json', '-o', 'small.oci');
  const { kernel, rootfs } = JSON.parse(sealed.out).release;
  expect(kernel.size + rootfs.size + rootfs.verity.size).toBe(kept.sealedBytes);

  put(home, 'program/usr/bin/program', randomBytes(80 * KIB));
  const index = readFileSync(join(layout, 'index.json'), 'utf8');
  for (const fresh of [false, true]) {
    if (fresh) rmSync(layout, { recursive: true });
    const { status, out, err } = await cocon(home, ...argv);
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(
      /Cannot accept small on bench: [\d.]+ KiB sealed, [\d.]+ KiB over the budget of 64 KiB\n.*\n {2}program@x86_64: 1\.0 MiB, now 1\.1 MiB \(\+60 KiB\) \[BUDGET_EXCEEDED\]/,
    );
    if (!fresh) expect(readFileSync(join(layout, 'index.json'), 'utf8')).toBe(index);
  }
  expect(() => readFileSync(join(layout, 'index.json'))).toThrow('ENOENT');
  vi.unstubAllEnvs();
});
