/**
 * Packages that a project pins besides the toolchain: what evaluating makes of them, and what
 * is refused.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import { defineSlice, type Slice } from '../src/define/slice.ts';
import { gc } from '../src/engine/gc.ts';
import { keyRecord, type KeyRecord } from '../src/engine/key.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import {
  noAdditions,
  readAdditions,
  toolchainOf,
  writeAdditions,
  type Additions,
} from '../src/pins/additions.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { closureOf, type LockedPackage } from '../src/toolchain/lock.ts';
import { toolchainDigest } from '../src/toolchain/root.ts';
import { cacheDirectoryAt } from '../src/cache-directory.ts';
import { sha256Of } from '../src/stable-json.ts';
import { codeOf, errorOf, scratchDirectory } from './support.ts';

const summary = 'For a test';
const board = defineBoard({ name: 'bench', summary, target: 'x86_64', kernel: () => [], commandLine: '' });

/** The types take a package that no list of the toolkit has. */
function sliceWith(name: string, packages: Slice['packages']): Slice {
  return defineSlice({
    name,
    version: '1',
    license: 'MIT',
    summary,
    ...(packages === undefined ? {} : { packages }),
    build: () => ({ kind: 'steps', steps: [{ name: 'compile', script: 'true' }] }),
    outputs: { runtime: [''] },
  });
}

function locked(name: string, depends: readonly string[]): LockedPackage {
  return { name, version: '1.0-1', sha256: sha256Of(name), size: 1, depends };
}

const versionOf = (name: string): string =>
  lock.packages.find((each) => each.name === name)?.version ?? 'not locked';

const additions: Additions = {
  ...noAdditions(lock),
  wanted: ['greeting-dev'],
  upon: { 'libc6-dev': versionOf('libc6-dev') },
  packages: [locked('greeting-data', []), locked('greeting-dev', ['greeting-data', 'libc6-dev'])],
};

const plain = sliceWith('plain', ['bc']);
const greeter = sliceWith('greeter', ['bc', 'greeting-dev']);

async function graphOf(slices: readonly Slice[], own?: Additions): Promise<Graph> {
  const profile = defineProfile({ name: 'test', summary, slices });
  return await evaluate({ profile, board, additions: own });
}

function recordOf(graph: Graph, name: string): KeyRecord {
  const node = graph.nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return keyRecord(node, { lock: toolchainOf(graph), code: '', needs: {} });
}

test('the tree holds the additions that its builds come to, and the keys of no other builds', async () => {
  const without = await graphOf([plain]);
  const withGreeter = await graphOf([plain, greeter], additions);
  expect(withGreeter.additions).toEqual(additions.packages);
  expect(recordOf(withGreeter, 'greeter').toolchain?.packages).toMatchObject({
    'greeting-data': '1.0-1',
    'greeting-dev': '1.0-1',
  });
  expect(recordOf(withGreeter, 'plain')).toEqual(recordOf(without, 'plain'));
  expect(without).not.toHaveProperty('additions');
  expect(await graphOf([plain], additions)).toEqual(without);
});

test('another file of an addition is another key', async () => {
  const [data, dev] = additions.packages;
  if (data === undefined || dev === undefined) throw new Error('two packages');
  const other = { ...additions, packages: [{ ...data, sha256: sha256Of('other') }, dev] };
  const digest = async (own: Additions): Promise<unknown> =>
    recordOf(await graphOf([greeter], own), 'greeter').toolchain?.digest;
  expect(await digest(other)).not.toBe(await digest(additions));
});

test.each([
  ['greeting-dve', 'Did you mean greeting-dev? To pin it for your project, run: cocon pins add greeting-dve'],
  ['mesno', 'Did you mean meson? To pin it for your project, run: cocon pins add mesno'],
  ['emacs', 'To pin it for your project, run: cocon pins add emacs'],
])('%s, which nobody pins, is refused when the tree is evaluated', async (name, hint) => {
  for (const packages of [[name], () => [name]]) {
    const error = await errorOf(graphOf([sliceWith('sample', packages)], additions));
    expect(error.code).toBe('TOOLCHAIN_PACKAGE_UNKNOWN');
    expect(error.message).toMatch(
      new RegExp(
        `^Cannot use slice "sample": packages: nobody pins the Debian package "${name}" \\(engine/test/`,
      ),
    );
    expect(error.hint).toBe(hint);
  }
});

test('an addition that was resolved with another toolchain is refused where it is used, and only there', async () => {
  const older = { ...additions, upon: { 'libc6-dev': '2.0-1' } };
  const error = await errorOf(graphOf([greeter], older));
  expect(error.code).toBe('TOOLCHAIN_ADDITIONS_STALE');
  expect(error.message).toContain(
    `libc6-dev 2.0-1, and the toolchain has libc6-dev ${versionOf('libc6-dev')}`,
  );
  expect(error.hint).toContain('cocon pins update additions');
  expect((await graphOf([plain], older)).nodes).toHaveLength(1);
});

test('what the toolchain has itself is not replaced by an addition', async () => {
  const own = { ...additions, wanted: ['make'], packages: [locked('make', [])] };
  const graph = await graphOf([sliceWith('sample', ['make'])], own);
  expect(graph).not.toHaveProperty('additions');
  expect(recordOf(graph, 'sample').toolchain?.packages['make']).toBe(versionOf('make'));
});

test('gc() with sources keeps the files and the trees of additions', async () => {
  const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
  const graph = await graphOf([greeter], additions);
  const packages = graph.nodes[0]?.packages ?? [];
  const root = toolchainDigest(closureOf(toolchainOf(graph), packages));
  await mkdir(join(cache.toolchain, root), { recursive: true });
  await mkdir(cache.sources, { recursive: true });
  const file = sha256Of('greeting-dev');
  for (const name of [file, sha256Of('garbage')]) await writeFile(join(cache.sources, name), '');
  const kept = { keep: [graph], keepAllOf: [], lock, sources: true, dryRun: true };
  const { removed } = await gc(cache, kept);
  expect(removed.map(({ path }) => path)).toEqual([join(cache.sources, sha256Of('garbage'))]);
});

test('the file is read as it was written; there may be none, and anything else is an error with its name', async () => {
  const directory = await scratchDirectory();
  expect(await readAdditions(directory)).toBeUndefined();
  await writeAdditions(directory, additions);
  expect(await readAdditions(directory)).toEqual(additions);
  const path = join(directory, 'toolchain.lock.json');
  for (const text of ['', '[]', '{}', JSON.stringify({ ...additions, packages: [{ name: 'a' }] })]) {
    await writeFile(path, text);
    const error = await errorOf(readAdditions(directory));
    expect([error.code, error.message]).toEqual(['PINS_INVALID', expect.stringContaining(path)]);
  }
});

test('an addition whose own needs nobody locks is named', () => {
  const torn = toolchainOf({ additions: [locked('greeting-dev', ['greeting-data'])] });
  expect(codeOf(() => closureOf(torn, ['greeting-dev']))).toBe('TOOLCHAIN_PACKAGE_UNKNOWN');
});
