/** Removes what processes that were killed have left in a cache. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { sweepDrafts } from '../drafts.ts';
import { removeFreeLock } from '../lock.ts';

/** The places in which drafts are made. */
export function draftPlaces({ work, store, sources, toolchain, tools }: CacheDirectory): readonly string[] {
  const inStore = ['', 'blobs/sha256', 'keys', 'builds'].map((name) => join(store, name));
  return [
    work,
    join(work, 'verify'),
    ...inStore,
    sources,
    join(sources, 'git'),
    toolchain,
    join(toolchain, 'packages'),
    tools,
  ];
}

export async function sweep(cache: CacheDirectory): Promise<void> {
  await mkdir(cache.work, { recursive: true });
  for (const place of draftPlaces(cache)) await sweepDrafts(place);
  for (const name of await readdir(cache.work)) {
    if (name.endsWith('.lock')) await removeFreeLock(join(cache.work, name));
  }
}
