/** A foreign target's program, built here from source against our own musl, does its work under an emulated processor. */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { busybox } from '../busybox/slice.ts';
import { e2fsprogs } from '../e2fsprogs/slice.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import type { Slice } from '../src/define/slice.ts';
import type { Target } from '../src/define/target.ts';
import { buildGraph } from '../src/engine/build.ts';
import { openStore } from '../src/engine/store.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { runProcess } from '../src/run-process.ts';
import lock from '../toolchain/lock.json' with { type: 'json' };
import { scratchDirectory } from './support.ts';

/** The files of a slice's runtime output, unpacked. */
async function unpacked(slice: Slice, target: Target): Promise<string> {
  const { name } = slice;
  const profile = defineProfile({ name, summary: 'A slice alone', slices: [slice] });
  const summary = 'A board for tests';
  const board = defineBoard({ name: 'bench', summary, target, kernel: () => [], commandLine: '' });
  const graph = await evaluate({ profile, board });
  const cache = cacheDirectory();
  const built = await buildGraph(graph, { cache, lock, targets: [name] });
  const layer = built.get(`${name}@${target}`)?.outputs.runtime;
  if (layer === undefined) throw new Error(`${name} has no runtime layer`);
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
