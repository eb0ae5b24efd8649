import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { fsck } from '../../src/engine/fsck.ts';
import { gc } from '../../src/engine/gc.ts';
import { openStore } from '../../src/engine/store.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

async function build(cache: CacheDirectory, graph: Graph): Promise<string> {
  const built = await buildGraph(graph, { cache, lock });
  const [first] = [...built.values()];
  return openStore(cache.store).pathOf(first?.outputs.runtime?.digest ?? '');
}

const collect = (cache: CacheDirectory, keep: readonly Graph[], changes: object = {}) =>
  gc(cache, { keep, keepAllOf: [], lock, sources: false, dryRun: false, ...changes });

const one = graphOf([fileNode('one', '1')]);
const two = graphOf([fileNode('two', '2')]);

describe('the store', () => {
  test('is an OCI layout that names each output', async () => {
    const cache = await emptyCache();
    await build(cache, one);
    await build(cache, two);
    const index = JSON.parse(await readFile(join(cache.store, 'index.json'), 'utf8'));
    expect(JSON.parse(await readFile(join(cache.store, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(index).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: ['one', 'two'].map((name) => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        annotations: { 'org.opencontainers.image.ref.name': `${name}@x86_64/runtime` },
      })),
    });
  });

  test('is read by skopeo, which finds the layer of an output by its name', async () => {
    const cache = await emptyCache();
    const layer = await build(cache, one);
    const { stdout } = await promisify(execFile)('skopeo', [
      'inspect',
      `oci:${cache.store}:one@x86_64/runtime`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      Architecture: 'amd64',
      Created: '2025-01-01T00:00:00Z',
      Layers: [`sha256:${basename(layer)}`],
    });
  });

  test('takes a key that cannot be read for one that is not there', async () => {
    const cache = await emptyCache();
    await build(cache, one);
    const store = openStore(cache.store);
    const [key = ''] = await store.keys();
    for (const text of ['', '{"record"', '[]', '{"record":{},"outputs":{},"seconds":0}']) {
      await writeFile(store.keyPath(key), text);
      expect(await store.find(key)).toBeUndefined();
    }
    await build(cache, one);
    expect(await store.find(key)).toBeDefined();
  });
});

describe('gc()', () => {
  test('keeps what the graphs reach and removes the rest', async () => {
    const cache = await emptyCache();
    const [kept, gone] = [await build(cache, one), await build(cache, two)];
    const old = await build(cache, graphOf([fileNode('one', 'older')]));
    await build(cache, one);
    const { removed } = await collect(cache, [one]);
    expect(removed.map(({ path }) => path)).toEqual(expect.arrayContaining([gone, old]));
    await expect(readFile(gone)).rejects.toThrow('ENOENT');
    expect(await readFile(kept)).toBeDefined();
    expect(await fsck(cache)).toMatchObject({ blobs: 3, keys: 1, problems: [] });
    expect((await buildGraph(one, { cache, lock })).get('one@x86_64')?.built).toBe(false);
  });

  test('removes nothing when it is dry, and says the same', async () => {
    const cache = await emptyCache();
    await build(cache, one);
    await build(cache, two);
    const dry = await collect(cache, [one], { dryRun: true });
    expect(await fsck(cache)).toMatchObject({ keys: 2, problems: [] });
    expect((await collect(cache, [one])).removed).toEqual(dry.removed);
  });

  test('keeps the tools of this machine, which are in no image', async () => {
    const cache = await emptyCache();
    const tool = fileNode('tool', 'x', { id: 'tool@host', platform: 'host', outputs: { tool: [''] } });
    await buildGraph(graphOf([tool]), { cache, lock });
    await build(cache, one);
    await collect(cache, [one]);
    expect((await buildGraph(graphOf([tool]), { cache, lock })).get('tool@host')?.built).toBe(false);
  });

  test('keeps the last builds for a platform of which nothing is known', async () => {
    const cache = await emptyCache();
    const node = fileNode('other', 'x', { id: 'other@riscv64', platform: 'riscv64' });
    await buildGraph(graphOf([node]), { cache, lock });
    await collect(cache, [one], { keepAllOf: ['riscv64'] });
    expect((await buildGraph(graphOf([node]), { cache, lock })).get('other@riscv64')?.built).toBe(false);
    await collect(cache, [one]);
    expect(await openStore(cache.store).nodes()).toEqual([]);
  });

  test('needs no index to know what is reached', async () => {
    const cache = await emptyCache();
    await build(cache, one);
    await build(cache, two);
    await writeFile(join(cache.store, 'index.json'), '{"manifests":[');
    await collect(cache, [one]);
    expect(await fsck(cache)).toMatchObject({ blobs: 3, keys: 1, problems: [] });
  });

  test('removes nothing when it cannot see what is reached', async () => {
    const cache = await emptyCache();
    const layer = await build(cache, one);
    const keys = join(cache.store, 'keys');
    await rename(keys, `${keys}-elsewhere`);
    await writeFile(keys, '');
    await expect(collect(cache, [one])).rejects.toThrow('ENOTDIR');
    expect(await readFile(layer)).toBeDefined();
  });

  test('removes sources and toolchains that nothing kept is built from, if asked', async () => {
    const cache = await emptyCache();
    await build(cache, one);
    const [sha256, other, crate] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
    await mkdir(cache.sources, { recursive: true });
    for (const name of [sha256, other, crate]) await writeFile(join(cache.sources, name), name);
    await mkdir(join(cache.toolchain, 'c'.repeat(64)), { recursive: true });
    const source = { kind: 'url', url: 'http://x.invalid/', sha256, exclude: [] } as const;
    const crates = [{ name: 'hello', version: '1.0.0', sha256: crate }];
    const nodes = [
      fileNode('one', '1', { source }),
      fileNode('two', '2', { source: { kind: 'crates', crates } }),
    ];
    const keep = [graphOf(nodes)];
    await collect(cache, keep);
    expect(await readdir(cache.sources)).toEqual([sha256, other, crate]);
    await collect(cache, keep, { sources: true });
    expect(await readdir(cache.sources)).toEqual([sha256, crate]);
    expect(await readdir(cache.toolchain)).toEqual([]);
  });
});
