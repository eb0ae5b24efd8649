/** A foreign target's programs, built here from source against our own musl, do their work under an emulated processor. */
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { programEnvironment } from '@cocon-os/cli/host-program';
import { expect, test } from 'vitest';

import { timelessBytes, writeVolume } from '../../native/device/test/support/volume-file.ts';
import { artifactOf } from '../../updater/test/support/archive.ts';
import { makeRelease, trustedKey } from '../../updater/test/support/release.ts';
import { busybox } from '../../slices/busybox/slice.ts';
import { coconUpdate } from '../../slices/cocon-update/slice.ts';
import { e2fsprogs } from '../../slices/e2fsprogs/slice.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { defineBoard } from '../src/define/board.ts';
import { REPOSITORY } from '../src/define/location.ts';
import { defineProfile } from '../src/define/profile.ts';
import type { Slice } from '../src/define/slice.ts';
import type { Target } from '../src/define/target.ts';
import { buildGraph } from '../src/engine/build.ts';
import { openStore } from '../src/engine/store.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { runProcess, type ProcessResult } from '../src/run-process.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { scratchDirectory } from './support.ts';

/** What runs a target's programs here. */
const EMULATORS = { aarch64: 'qemu-aarch64', riscv64: 'qemu-riscv64', armv7: 'qemu-arm' } as const;

/** The files of a slice's runtime output, unpacked. */
async function unpacked(slice: Slice, target: Target): Promise<string> {
  const summary = 'For tests';
  const board = defineBoard({ name: 'bench', summary, target, kernel: () => [], commandLine: '' });
  const profile = defineProfile({ name: 'alone', summary, slices: [slice] });
  const graph = await evaluate({ profile, board });
  const cache = cacheDirectory();
  const built = await buildGraph(graph, { cache, lock, targets: [slice.name] });
  const layer = built.get(`${slice.name}@${target}`)?.outputs.runtime;
  if (layer === undefined) throw new Error(`${slice.name} has no runtime layer`);
  const root = await scratchDirectory();
  const path = openStore(cache.store).pathOf(layer.digest);
  const tar = await runProcess('tar', ['--extract', '--no-same-owner', '--file', path, '--directory', root]);
  expect(tar).toMatchObject({ status: 0 });
  return root;
}

test('busybox for aarch64 is a static program that runs', async () => {
  const root = await unpacked(busybox, 'aarch64');
  const program = join(root, 'bin/busybox');
  const run = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await runProcess('qemu-aarch64', [program, ...words])).tail;
  expect(await run('uname', '-m')).toEqual(['aarch64']);
  expect(await run('sh', '-c', 'echo $((6 * 7)) | (read -r n; printf "%x\\n" $n)')).toEqual(['2a']);
  // No kernel with IPv6 was asked for.
  expect(await run('ping6', '::1')).toEqual(['ping6: applet not found']);
});

test('e2fsprogs for a processor of 32 bits makes and checks a file system that needs 64', async () => {
  const root = await unpacked(e2fsprogs, 'armv7');
  const disk = join(root, 'disk');
  await writeFile(disk, '');
  await truncate(disk, 6 * 2 ** 30);
  const run = (program: string, ...words: readonly string[]) =>
    runProcess('qemu-arm', [join(root, 'sbin', program), ...words, disk]);
  expect(await run('mke2fs', '-q', '-t', 'ext4')).toMatchObject({ status: 0 });
  const checked = await run('e2fsck', '-f', '-n');
  expect(checked).toMatchObject({ status: 0 });
  expect(checked.tail.at(-1)).toMatch(/: 12\/393216 files .* 47598\/1572864 blocks$/);
});

/** A clock that is fifteen years ahead, for an emulator to ask. */
const LATER = `
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, id, time);
  if (result == 0 && id == CLOCK_REALTIME) time->tv_sec += 15L * 366 * 86400;
  return result;
}
`;

const VOLUME_BYTES = 2 ** 24;
const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0', initrd: true });

test.each(['aarch64', 'riscv64', 'armv7'] as const)(
  'cocon-update for %s leaves the same volume as on the machine that builds, and says the same',
  async (target) => {
    const root = await unpacked(coconUpdate, target);
    const program = join(root, 'usr/bin/cocon-update');
    expect(statSync(program).size).toBeLessThan(1.5 * 2 ** 20);
    const folder = await scratchDirectory();
    const at = (name: string): string => join(folder, name);
    writeVolume(at('here.img'), VOLUME_BYTES, first);
    copyFileSync(at('here.img'), at('there.img'));
    writeFileSync(at('release.pub'), trustedKey.pem);
    writeFileSync(at('second.oci'), await artifactOf(second));
    const own = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(REPOSITORY, 'updater/bin/cocon-update.ts'),
    ];
    const said = async ([command = '', ...words]: readonly string[]): Promise<ProcessResult> => {
      const { status, stdout } = await runProcess(command, words);
      return { status, stdout: stdout.replaceAll(/"(seconds|time)":[\d.]+/g, '"$1":0'), tail: [] };
    };
    const commands = [
      ['status', '--json'],
      ['stage', at('second.oci'), '--key', at('release.pub'), '--json'],
      ['mark', 'init', '--slot', '1'],
      ['commit', '--slot', '1', '--json'],
      ['verify', '--key', at('release.pub'), '--json'],
      ['status', '--json'],
      ['rollback', '--slot', '7', '--json'],
    ];
    const statuses: number[] = [];
    for (const command of commands) {
      const here = await said([...own, ...command, '--volume', at('here.img')]);
      const there = await said([EMULATORS[target], program, ...command, '--volume', at('there.img')]);
      const shown = there.stdout.replaceAll('there.img', 'here.img');
      expect({ command, ...there, stdout: shown }).toEqual({ command, ...here });
      const sameBytes = timelessBytes(at('there.img')).equals(timelessBytes(at('here.img')));
      expect({ command, sameBytes }).toEqual({ command, sameBytes: true });
      statuses.push(there.status);
    }
    expect(statuses).toEqual([0, 0, 0, 0, 0, 0, 1]);
  },
);

test('cocon-update for armv7 knows the time after 2038', async () => {
  const program = join(await unpacked(coconUpdate, 'armv7'), 'usr/bin/cocon-update');
  const folder = await scratchDirectory();
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('later.c'), LATER);
  expect(await runProcess('gcc', ['-shared', '-fPIC', '-o', at('later.so'), at('later.c')])).toMatchObject({
    status: 0,
  });
  writeVolume(at('volume.img'), VOLUME_BYTES, first);
  const run = (...words: readonly string[]): Promise<ProcessResult> =>
    runProcess(EMULATORS.armv7, [program, ...words, '--volume', at('volume.img')], {
      environment: programEnvironment({ LD_PRELOAD: at('later.so') }),
    });
  writeFileSync(at('release.pub'), trustedKey.pem);
  writeFileSync(at('second.oci'), await artifactOf(second));
  const staged = await run('stage', at('second.oci'), '--key', at('release.pub'));
  expect(staged).toMatchObject({ status: 0 });
  const { stdout } = await run('history', '--json');
  const times = [...stdout.matchAll(/"time":(\d+)/g)].map(([, time]) => Number(time));
  expect(Math.max(...times)).toBeGreaterThan(2 ** 31);
});
