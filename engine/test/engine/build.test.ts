/** The engine over nodes that are assembled from files, which need no sandbox. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { openStore } from '../../src/engine/store.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { readLayer } from '../../src/layer/read-layer.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf, recorder } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

/** What happened to which node. */
async function built(
  cache: CacheDirectory,
  graph: Graph,
  targets: readonly string[] = [],
): Promise<string[]> {
  const { events, words } = recorder();
  await buildGraph(graph, { cache, lock, events, targets });
  return words();
}

const library = (contents: string) => fileNode('library', contents, { outputs: { dev: [''] } });
const program = fileNode('program', 'I am built with the library', { needs: ['library@x86_64'] });

describe('buildGraph()', () => {
  test('builds each node once and finds it the next time', async () => {
    const cache = await emptyCache();
    const graph = graphOf([library('1'), program]);
    expect(await built(cache, graph)).toEqual([
      'library started',
      'library built',
      'program started',
      'program built',
    ]);
    expect(await built(cache, graph)).toEqual(['library found', 'program found']);
  });

  test('builds nothing out of a need whose bytes are not those of its name', async () => {
    const cache = await emptyCache();
    const graph = graphOf([library('1'), program]);
    await built(cache, graph, ['library']);
    const store = openStore(cache.store);
    const { key = '' } = (await store.last('library@x86_64')) ?? {};
    const path = store.pathOf((await store.read(key))?.outputs.dev?.digest ?? '');
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(1, 512, 513));
    const error = await errorOf(built(cache, graph));
    expect(error).toMatchObject({ code: 'STORE_DAMAGED', facts: { path } });
    expect(await store.last('program@x86_64')).toBeUndefined();
  });

  test('looks at each node once, by however many ways it is reached', async () => {
    const cache = await emptyCache();
    const dev = { outputs: { dev: [''] } };
    const graph = graphOf([
      library('1'),
      fileNode('left', 'l', { ...dev, needs: ['library@x86_64'] }),
      fileNode('right', 'r', { ...dev, needs: ['library@x86_64'] }),
      fileNode('top', 't', { needs: ['library@x86_64', 'left@x86_64', 'right@x86_64'] }),
    ]);
    const once = ['left', 'library', 'right', 'top'];
    const words = (await built(cache, graph)).filter((word) => word.endsWith(' built'));
    expect(words.toSorted()).toEqual(once.map((name) => `${name} built`));
    expect((await built(cache, graph)).toSorted()).toEqual(once.map((name) => `${name} found`));
  });

  test('stops where an output has not changed', async () => {
    const cache = await emptyCache();
    await built(cache, graphOf([library('1'), program]));
    const renamed = { ...library('1'), version: '2' };
    const { events, seen, words } = recorder();
    await buildGraph(graphOf([renamed, program]), { cache, lock, events });
    expect(words()).toEqual(['library started', 'library built', 'program found']);
    expect(seen.find(({ kind }) => kind === 'built')).toMatchObject({ same: true });
  });

  test('builds what needs an output that has changed', async () => {
    const cache = await emptyCache();
    await built(cache, graphOf([library('1'), program]));
    expect(await built(cache, graphOf([library('2'), program]))).toContain('program built');
  });

  test('builds only what the targets come to', async () => {
    const cache = await emptyCache();
    const graph = graphOf([library('1'), program, fileNode('other', 'x')]);
    expect(await built(cache, graph, ['library'])).toEqual(['library started', 'library built']);
    expect(await built(cache, graph, ['program@x86_64'])).toContain('program built');
    expect((await errorOf(built(cache, graph, ['nothing']))).code).toBe('NAME_UNKNOWN');
  });

  test('builds again what the store has lost, and what is cut there', async () => {
    const cache = await emptyCache();
    const graph = graphOf([library('1')]);
    const result = await buildGraph(graph, { cache, lock });
    const path = openStore(cache.store).pathOf(result.get('library@x86_64')?.outputs.dev?.digest ?? '');
    const bytes = await readFile(path);
    await rm(path);
    expect(await built(cache, graph)).toContain('library built');
    await writeFile(path, bytes.subarray(1));
    expect(await built(cache, graph)).toContain('library built');
    expect(await readFile(path)).toEqual(bytes);
  });

  test('goes on with what does not need the node that failed', async () => {
    const cache = await emptyCache();
    const broken = fileNode('broken', 'x', { outputs: { dev: ['lib'] } });
    const above = fileNode('above', 'x', { needs: ['broken@x86_64'] });
    const { events, words } = recorder();
    const graph = graphOf([broken, above, library('1'), program]);
    const error = await errorOf(buildGraph(graph, { cache, lock, events, jobs: 1 }));
    expect(error.code).toBe('OUTPUT_INVALID');
    expect(error.message).toContain('broken@x86_64: it left nothing in /out/lib');
    expect(words().toSorted()).toEqual([
      'above left out',
      'broken failed',
      'broken started',
      'library built',
      'library started',
      'program built',
      'program started',
    ]);
  });

  test('names all nodes that failed', async () => {
    const outputs = { dev: ['lib'] };
    const graph = graphOf([fileNode('one', 'x', { outputs }), fileNode('two', 'x', { outputs })]);
    const error = await errorOf(buildGraph(graph, { cache: await emptyCache(), lock }));
    expect(error.message).toMatch(/Cannot build 2 of 2 nodes:\n.*one@x86_64.*\n.*two@x86_64/);
  });

  test('refuses a need without a dev output and a graph in which needs do not come first', async () => {
    const cache = await emptyCache();
    const shipped = fileNode('library', 'x');
    const error = await errorOf(built(cache, graphOf([shipped, program])));
    expect([error.code, error.message]).toEqual([
      'SLICE_INVALID',
      'Cannot build program@x86_64: library@x86_64 has no dev output',
    ]);
    const circle = [{ ...library('1'), needs: [program.id] }, program];
    expect((await errorOf(built(cache, graphOf(circle)))).code).toBe('SLICE_CYCLE');
  });

  test('leaves a node to its check before anything is built upon it', async () => {
    const cache = await emptyCache();
    const { events, words } = recorder();
    const check = (): Promise<void> => Promise.reject(new Error('not this one'));
    const graph = graphOf([library('1'), program]);
    const error = await errorOf(buildGraph(graph, { cache, lock, events, check }));
    expect(error.message).toBe('Cannot build library@x86_64: not this one');
    expect(words()).toContain('program left out');
  });

  test('adds the files of a local directory to given entries', async () => {
    const cache = await emptyCache();
    const { localDigest } = await import('../../src/graph/local-digest.ts');
    const path = await scratchDirectory();
    await writeFile(join(path, 'run'), '#!/bin/sh\n', { mode: 0o700 });
    await writeFile(join(path, 'text'), 'from the directory\n', { mode: 0o600 });
    const source = { kind: 'local', path, digest: await localDigest(path) } as const;
    const graph = graphOf([fileNode('files', 'given\n', { source })]);
    const result = await buildGraph(graph, { cache, lock });
    const layer = openStore(cache.store).pathOf(result.get('files@x86_64')?.outputs.runtime?.digest ?? '');
    const members = await readLayer(layer);
    expect(members.map(({ path: name, mode }) => [name, mode.toString(8)])).toEqual([
      ['etc', '755'],
      ['etc/files', '644'],
      ['run', '755'],
      ['text', '644'],
    ]);
    await writeFile(join(path, 'text'), 'changed since\n');
    const changed = graphOf([fileNode('files', 'given anew\n', { source })]);
    expect((await errorOf(buildGraph(changed, { cache, lock }))).code).toBe('SOURCE_CHANGED');
    expect(await readdir(cache.work)).toEqual([]);
  });
});
