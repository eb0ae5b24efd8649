/** Looks a store through: whether every file in it is whole and what it is called. */
import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { SlicesError } from '../errors.ts';
import { removeTree } from '../files.ts';
import { checkBlobs } from './fsck-blobs.ts';
import { checkIndex } from './fsck-index.ts';
import { checkKeys, checkNodes } from './fsck-notes.ts';
import { checkPlaces, type Findings, type Problem } from './fsck-places.ts';
import { writeIndex } from './layout-index.ts';
import { alone, presence } from './presence.ts';
import { openStore } from './store.ts';
import { leftOver } from './sweep.ts';

export type { Problem } from './fsck-places.ts';

/** What was found. */
export interface FsckResult {
  readonly blobs: number;
  readonly keys: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
}

/**
 * Reads every file of the store. Changes nothing.
 *
 * @throws SlicesError `CACHE_UNUSABLE` where it cannot be looked through
 */
export async function fsck(cache: CacheDirectory): Promise<FsckResult> {
  using _ = await presence(cache);
  return look(cache, false);
}

/**
 * Looks and removes what is damaged or left over, and what leads to it; it is built again. The store is sound afterwards.
 * Returns what was found.
 *
 * @throws SlicesError `STORE_BUSY` while another process uses the cache, `CACHE_UNUSABLE`
 */
export async function repair(cache: CacheDirectory): Promise<FsckResult> {
  return alone(cache, 'repair the store', async () => {
    const result = await look(cache, true);
    if (result.problems.length === 0) return result;
    for (const { path } of result.problems) {
      await removeTree(path).catch((cause: unknown) => {
        throw cannotRemove(path, cause);
      });
    }
    await writeIndex(openStore(cache.store));
    return result;
  });
}

/** In the order in which things lead to each other, so that what leads to something damaged is found in the same go. */
async function look(cache: CacheDirectory, isAlone: boolean): Promise<FsckResult> {
  const store = openStore(cache.store);
  const problems: Problem[] = [];
  const damaged = new Set<string>();
  const findings: Findings = {
    add(kind, path, detail) {
      problems.push({ kind, path, detail });
      damaged.add(path);
    },
    isSound: (path) => !damaged.has(path),
  };
  await checkPlaces(store, findings);
  const blobs = await checkBlobs(store, findings);
  const keys = await checkKeys(store, findings);
  await checkNodes(store, findings);
  await checkIndex(store, findings);
  for (const { path, owner } of await leftOver(cache, isAlone)) {
    findings.add('left over', path, `process ${owner} began it and has ended`);
  }
  return { ...blobs, keys, problems };
}

function cannotRemove(path: string, cause: unknown): SlicesError {
  return new SlicesError('CACHE_UNUSABLE', `Cannot remove ${path}: ${messageOf(cause)}`, {
    hint: 'Remove it by hand, then: cocon store fsck --repair',
    facts: { path },
    cause,
  });
}
