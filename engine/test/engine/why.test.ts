import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { whyText } from '../../src/engine/why-text.ts';
import { why, type Why } from '../../src/engine/why.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

const library = (contents: string, version = '1') =>
  fileNode('library', contents, { version, outputs: { dev: [''] } });
const middle = fileNode('middle', 'middle', { needs: ['library@x86_64'], outputs: { dev: [''] } });
const program = fileNode('program', 'program', { needs: ['middle@x86_64'] });
const tree = (contents: string, version?: string): Graph =>
  graphOf([library(contents, version), middle, program]);

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

async function build(cache: CacheDirectory, graph: Graph): Promise<void> {
  await buildGraph(graph, { cache, lock });
}

function ask(cache: CacheDirectory, graph: Graph, name: string): Promise<Why> {
  return why(graph, `${name}@x86_64`, cache, lock);
}

describe('why()', () => {
  test('says that a node was never built', async () => {
    const answer = await ask(await emptyCache(), tree('1'), 'library');
    expect(answer).toMatchObject({ state: 'never built', changes: [], needs: [] });
    expect(whyText(answer)).toMatch(/^library@x86_64 has never been built here\n/);
  });

  test('says that a node is up to date, and after a change what led to its last build', async () => {
    const cache = await emptyCache();
    await build(cache, tree('1'));
    expect(whyText(await ask(cache, tree('1'), 'library'))).toBe('library@x86_64 is up to date\n');
    await build(cache, tree('2'));
    expect(await ask(cache, tree('2'), 'library')).toMatchObject({
      state: 'up to date',
      changes: [{ path: 'recipe.entries[etc/library].contents', from: '1', to: '2' }],
    });
  });

  test('names the field, the old and the new value, and who is hit', async () => {
    const cache = await emptyCache();
    await build(cache, tree('one\ntwo\nthree\n'));
    const answer = await ask(cache, tree('one\n2\nthree\n', '1.1'), 'library');
    expect(answer.state).toBe('has to be built');
    expect(answer.hits.map(({ node }) => node)).toEqual(['middle@x86_64', 'program@x86_64']);
    expect(whyText(answer)).toBe(`library@x86_64 has to be built: since its last build, this has changed
  recipe.entries[etc/library].contents:
    @@ -1,3 +1,3 @@
     one
    -two
    +2
     three
  version: 1 -> 1.1
Its last build took 0:00. If its output changes, these are built too, 0:00 in all: middle@x86_64, program@x86_64
`);
  });

  test('says of a node above that it waits, and what changed below', async () => {
    const cache = await emptyCache();
    await build(cache, tree('1'));
    const answer = await ask(cache, tree('2'), 'middle');
    expect(answer).toMatchObject({
      state: 'waiting',
      changes: [],
      needs: [{ need: 'library@x86_64', to: undefined, changes: [{ from: '1', to: '2' }] }],
    });
    expect(whyText(answer)).toContain(
      'needs.library@x86_64: has to be built first, and may come to the same',
    );
  });

  test('follows a need that came to other bytes to what had changed in it', async () => {
    const cache = await emptyCache();
    await build(cache, tree('1'));
    await buildGraph(tree('2'), { cache, lock, targets: ['library'] });
    const answer = await ask(cache, tree('2'), 'middle');
    expect(answer.state).toBe('has to be built');
    expect(answer.needs).toMatchObject([
      {
        need: 'library@x86_64',
        from: expect.stringMatching(/^sha256:/) as unknown,
        to: expect.stringMatching(/^sha256:/) as unknown,
        changes: [{ path: 'recipe.entries[etc/library].contents', from: '1', to: '2' }],
      },
    ]);
  });

  test('says nothing of a need that was built again into the same bytes', async () => {
    const cache = await emptyCache();
    await build(cache, tree('1'));
    await build(cache, tree('1', '2'));
    expect(await ask(cache, tree('1', '2'), 'program')).toMatchObject({
      state: 'up to date',
      changes: [],
      needs: [],
    });
  });

  test('names options, facts and needs that come and go', async () => {
    const cache = await emptyCache();
    await build(cache, tree('1'));
    const changed = {
      ...middle,
      needs: [],
      options: { vi: true },
      facts: [{ symbol: 'IPV6', value: true }],
    };
    const answer = await ask(cache, graphOf([library('1'), changed, program]), 'middle');
    expect(answer.changes).toEqual([
      { path: 'facts.IPV6', to: true },
      { path: 'needs.library', from: 'there' },
      { path: 'options.vi', to: true },
    ]);
  });
});
