/** Stores to damage, and what has to hold when they are repaired. */
import { basename, join } from 'node:path';

import { expect } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { fsck, repair } from '../../src/engine/fsck.ts';
import { openStore, type Store } from '../../src/engine/store.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

export const graph = graphOf(['one', 'two', 'three'].map((name) => fileNode(name, name)));

/** A sound store of three builds. */
export async function built(): Promise<{ cache: CacheDirectory; store: Store }> {
  const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
  await buildGraph(graph, { cache, lock });
  return { cache, store: openStore(cache.store) };
}

/** The path of the one layer of a node. */
export async function layerOf(store: Store, name: string): Promise<string> {
  const last = await store.last(`${name}@x86_64`);
  return store.pathOf((await store.read(last?.key ?? ''))?.outputs.runtime?.digest ?? '');
}

export async function keyPathOf(store: Store, name: string): Promise<string> {
  return store.keyPath((await store.last(`${name}@x86_64`))?.key ?? '');
}

/** What was found, as "kind: name"; the store is repaired in one go, and whole once it is built again. */
export async function mended({
  cache,
  store,
}: {
  cache: CacheDirectory;
  store: Store;
}): Promise<readonly string[]> {
  const { problems } = await fsck(cache);
  expect((await repair(cache)).problems).toEqual(problems);
  expect((await fsck(cache)).problems).toEqual([]);
  await buildGraph(graph, { cache, lock });
  expect(await fsck(cache)).toMatchObject({ keys: 3, problems: [] });
  expect(await store.nodes()).toHaveLength(3);
  return problems.map(({ kind, path }) => `${kind}: ${basename(path)}`).toSorted();
}
