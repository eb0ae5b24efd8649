/** Removes what processes that were killed have left in a cache. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftsIn, sweepDrafts, type Draft } from '../drafts.ts';
import { removeTree } from '../files.ts';
import { removeFreeLock } from '../lock.ts';
import { giveBackLeft, shellPlace } from './taken-workspace.ts';

/** The places in which drafts are made. */
function draftPlaces(cache: CacheDirectory): readonly string[] {
  const { root, work, store, sources, toolchain, tools, sizes, logs } = cache;
  const inStore = ['', 'blobs/sha256', 'keys', 'builds', 'proofs'].map((name) => join(store, name));
  return [
    work,
    join(work, 'failed'),
    shellPlace(cache),
    join(work, 'verify'),
    ...inStore,
    sources,
    join(sources, 'git'),
    toolchain,
    join(toolchain, 'packages'),
    tools,
    sizes,
    logs,
    join(root, 'kconfig'),
  ];
}

/** Those whose process is known to have ended; what others work on, also from another PID namespace, is left alone. */
export async function sweep(cache: CacheDirectory): Promise<void> {
  await mkdir(cache.work, { recursive: true });
  // What somebody did by hand there is not to be had again.
  await giveBackLeft(cache);
  for (const place of draftPlaces(cache)) await sweepDrafts(place);
  for (const name of await readdir(cache.work)) {
    if (name.endsWith('.lock')) await removeFreeLock(join(cache.work, name));
  }
}

/** What was left. Who has the cache alone knows it of the drafts of other PID namespaces, too. */
export async function leftOver(cache: CacheDirectory, isAlone: boolean): Promise<readonly Draft[]> {
  const drafts = await Promise.all(draftPlaces(cache).map((place) => draftsIn(place)));
  return drafts.flat().filter(({ state }) => state === 'ended' || (isAlone && state === 'elsewhere'));
}

/** {@link sweep} for who has the cache alone. */
export async function sweepAll(cache: CacheDirectory): Promise<void> {
  for (const { path } of await leftOver(cache, true)) await removeTree(path);
  await sweep(cache);
}
