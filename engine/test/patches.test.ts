/** `patches` of a source: what stands in the graph and in the key, and what is refused. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import { defineSlice } from '../src/define/slice.ts';
import { gitSource, urlSource, type Source } from '../src/define/source.ts';
import { keyOf, keyRecord } from '../src/engine/key.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import type { GraphNode } from '../src/graph/graph.ts';
import { sha256Of } from '../src/stable-json.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { errorOf, scratchDirectory } from './support.ts';

const summary = 'For a test';
const board = defineBoard({ name: 'bench', summary, target: 'x86_64', kernel: () => [], commandLine: '' });
const url = { url: 'https://x.invalid/a.tar', sha256: 'a'.repeat(64) };

let directory = '';
beforeEach(async () => {
  directory = await scratchDirectory();
  await writeFile(join(directory, 'one.patch'), 'first\n');
  await writeFile(join(directory, 'two.patch'), 'second\n');
  await mkdir(join(directory, 'other'));
  await writeFile(join(directory, 'other/one.patch'), 'first\n');
  await writeFile(join(directory, "it's.patch"), '');
});
const at = (name: string): string => join(directory, name);

async function nodeWith(source: Source): Promise<GraphNode> {
  const slice = defineSlice({
    name: 'sample',
    version: '1',
    license: 'MIT',
    summary,
    source,
    build: () => ({ kind: 'steps', steps: [{ name: 'compile', script: 'true' }] }),
    outputs: { runtime: [''] },
  });
  const { nodes } = await evaluate({
    profile: defineProfile({ name: 'test', summary, slices: [slice] }),
    board,
  });
  const [node] = nodes;
  if (node === undefined) throw new Error('no node');
  return node;
}

const keyWith = async (patches: readonly string[]): Promise<string> =>
  keyOf(keyRecord(await nodeWith(urlSource({ ...url, patches })), { lock, code: '', needs: {} }));

test('the graph holds each with its hash, in order', async () => {
  const patches = [at('two.patch'), at('one.patch')];
  const expected = [
    { name: 'two.patch', path: at('two.patch'), sha256: sha256Of('second\n') },
    { name: 'one.patch', path: at('one.patch'), sha256: sha256Of('first\n') },
  ];
  expect((await nodeWith(urlSource({ ...url, patches }))).source).toMatchObject({ patches: expected });
  const git = gitSource({ url: 'https://x.invalid/a.git', commit: 'b'.repeat(40), patches });
  expect((await nodeWith(git)).source).toMatchObject({ patches: expected });
});

test('the key depends on contents and order, and not on the directory', async () => {
  const key = await keyWith([at('one.patch')]);
  expect(await keyWith([at('other/one.patch')])).toBe(key);
  expect(await keyWith([at('two.patch')])).not.toBe(key);
  expect(await keyWith([])).not.toBe(key);
  expect(await keyWith([at('one.patch'), at('two.patch')])).not.toBe(
    await keyWith([at('two.patch'), at('one.patch')]),
  );
});

test('a source without any has the graph that it had before there were patches', async () => {
  expect((await nodeWith(urlSource(url))).source).toEqual({ kind: 'url', ...url, exclude: [] });
});

describe('refuses', () => {
  test.each<[string, () => readonly string[], string]>([
    ['a relative path', () => ['one.patch'], '"one.patch" is not an absolute path'],
    ['a file that is not there', () => [at('none.patch')], 'cannot be read'],
    ['a directory', () => [at('other')], 'cannot be read'],
    ['two of one name', () => [at('one.patch'), at('other/one.patch')], 'two of them are called one.patch'],
    ['a name that a script cannot hold', () => [at("it's.patch")], 'cannot name a patch'],
  ])('%s', async (_what, patches, why) => {
    const { code, message, hint } = await errorOf(nodeWith(urlSource({ ...url, patches: patches() })));
    expect({ code, hint }).toMatchObject({
      code: 'SLICE_INVALID',
      hint: expect.stringContaining('patches: ['),
    });
    expect(message).toContain('source.patches');
    expect(message).toContain(why);
  });
});
