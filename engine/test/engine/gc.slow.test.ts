/** `gc()` in a process of its own: killed, and while others use the store. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { fsck } from '../../src/engine/fsck.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

async function start(
  program: 'gc-process.ts' | 'build-process.ts',
  cache: CacheDirectory,
  graph: Graph,
): Promise<ChildProcess> {
  const file = join(await scratchDirectory(), 'graph.json');
  await writeFile(file, JSON.stringify(graph));
  return spawn(process.execPath, [join(import.meta.dirname, program), cache.root, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const startGc = (cache: CacheDirectory, keep: Graph): Promise<ChildProcess> =>
  start('gc-process.ts', cache, keep);

/** What it prints. */
async function collected(cache: CacheDirectory, keep: Graph): Promise<string> {
  const { stdout } = await startGc(cache, keep);
  if (stdout === null) throw new Error('standard output is a pipe');
  return text(stdout);
}

const one = graphOf([fileNode('one', '1')]);
const two = graphOf([fileNode('two', '2')]);

test('gc() takes nothing away from a build that has found it and not used it yet', async () => {
  const cache = await emptyCache();
  await buildGraph(one, { cache, lock });
  let said = '';
  const check = async (): Promise<void> => void (said = await collected(cache, two));
  await buildGraph(one, { cache, lock, check });
  expect(said).toBe('STORE_BUSY\n');
  expect(await fsck(cache)).toMatchObject({ keys: 1, problems: [] });
  expect(await collected(cache, two)).toBe('removed 5\n');
});

test('gc() leaves a sound store, whenever it is killed', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `node-${index}`);
  const garbage = graphOf(names.map((name) => fileNode(name, name)));
  const cache = await emptyCache();
  const blobs = async (): Promise<number> => (await readdir(join(cache.store, 'blobs/sha256'))).length;
  await buildGraph(one, { cache, lock });
  for (let time = 0; time < 4; time += 1) {
    await buildGraph(garbage, { cache, lock });
    const whole = await blobs();
    const child = await startGc(cache, one);
    while ((await blobs()) === whole && child.exitCode === null) await sleep(0);
    await sleep(time);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    expect((await fsck(cache)).problems).toEqual([]);
  }
  await collected(cache, one);
  expect(await fsck(cache)).toMatchObject({ blobs: 3, keys: 1, problems: [] });
});

test.each(['toolchain', 'toolchain/packages', 'work/failed'])(
  'gc() leaves no half tree in %s when it is killed',
  async (place) => {
    const cache = await emptyCache();
    await buildGraph(one, { cache, lock });
    const tree = join(cache.root, place, 'tree');
    const names = Array.from({ length: 2000 }, (_, index) => `file-${index}`);
    await mkdir(tree, { recursive: true });
    for (const name of names) await writeFile(join(tree, name), '');
    const parent = dirname(tree);
    const files = async (): Promise<number> => {
      const found = (await readdir(parent)).filter((name) => name.startsWith('tree'));
      return found.length === 0 ? 0 : (await readdir(join(parent, found[0] ?? '')).catch(() => [])).length;
    };
    const child = await startGc(cache, one);
    while ((await files()) === names.length && child.exitCode === null) await sleep(0);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    const left = await readdir(tree).catch(() => []);
    expect([0, names.length]).toContain(left.length);
    await collected(cache, one);
    expect((await readdir(parent)).filter((name) => name.startsWith('tree'))).toEqual([]);
  },
);

test('builds and collections at once, some of them killed, end well and leave a sound store', async () => {
  const cache = await emptyCache();
  const library = (contents: string): Graph =>
    graphOf([
      fileNode('library', contents, { outputs: { dev: [''] } }),
      ...Array.from({ length: 8 }, (_, index) =>
        fileNode(`program-${index}`, contents, { needs: ['library@x86_64'] }),
      ),
    ]);
  const graphs = ['1', '2', '3'].map(library);
  for (let round = 0; round < 4; round += 1) {
    const [first, second, third] = graphs;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three graphs');
    const [killed, killedGc, ...others] = await Promise.all([
      start('build-process.ts', cache, third),
      startGc(cache, first),
      start('build-process.ts', cache, first),
      start('build-process.ts', cache, second),
      startGc(cache, first),
      startGc(cache, second),
    ]);
    for (const { stdout } of [killed, killedGc, ...others]) stdout?.resume();
    const ends = others.map(async (child) => once(child, 'close'));
    await sleep(150 + 40 * round);
    for (const child of [killed, killedGc]) child.kill('SIGKILL');
    expect(await Promise.all(ends)).toEqual(others.map(() => [0, null]));
    const { problems } = await fsck(cache);
    expect(problems.filter(({ kind }) => kind !== 'left over')).toEqual([]);
  }
  await collected(cache, one);
  expect(await fsck(cache)).toEqual({ blobs: 0, keys: 0, bytes: 0, problems: [] });
});
