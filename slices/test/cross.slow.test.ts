/** A foreign target's program, built here from source against our own musl, does its work under an emulated processor. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { busybox } from '../busybox/slice.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import { buildGraph } from '../src/engine/build.ts';
import { openStore } from '../src/engine/store.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { runProcess } from '../src/run-process.ts';
import lock from '../toolchain/lock.json' with { type: 'json' };
import { scratchDirectory } from './support.ts';

const board = defineBoard({
  name: 'bench',
  summary: 'A board for tests',
  target: 'aarch64',
  kernel: () => [],
  commandLine: '',
});

/** The files of a slice's runtime output, unpacked. */
async function unpacked(name: string, profile: Parameters<typeof defineProfile>[0]): Promise<string> {
  const graph = await evaluate({ profile: defineProfile(profile), board });
  const cache = cacheDirectory();
  const built = await buildGraph(graph, { cache, lock, targets: [name] });
  const layer = built.get(`${name}@aarch64`)?.outputs.runtime;
  if (layer === undefined) throw new Error(`${name} has no runtime layer`);
  const root = await scratchDirectory();
  const path = openStore(cache.store).pathOf(layer.digest);
  const tar = await runProcess('tar', ['--extract', '--no-same-owner', '--file', path, '--directory', root]);
  expect(tar).toMatchObject({ status: 0 });
  return root;
}

test('busybox for aarch64 is a static program that runs', async () => {
  const root = await unpacked('busybox', { name: 'shell', summary: 'A shell alone', slices: [busybox] });
  const program = join(root, 'bin/busybox');
  const run = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await runProcess('qemu-aarch64', [program, ...words])).tail;
  expect(await run('uname', '-m')).toEqual(['aarch64']);
  expect(await run('sh', '-c', 'echo $((6 * 7)) | (read -r n; printf "%x\\n" $n)')).toEqual(['2a']);
  // No kernel with IPv6 was asked for.
  expect(await run('ping6', '::1')).toEqual(['ping6: applet not found']);
});
