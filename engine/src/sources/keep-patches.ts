/** Puts a slice's own patches into the cache: a build has to see what was hashed when the tree was evaluated. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { pathInGraph } from '../define/location.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import type { GraphPatch } from '../graph/graph.ts';
import { sha256Of } from '../stable-json.ts';
import { PATCHES } from './fetch-graph-source.ts';

/**
 * The host's path of each patch, by its name in `/sources`. Each lies in the cache under its SHA-256.
 *
 * @throws SlicesError `SOURCE_CHANGED`
 */
export async function keepPatches(
  patches: readonly GraphPatch[],
  cache: CacheDirectory,
): Promise<Readonly<Record<string, string>>> {
  await mkdir(cache.sources, { recursive: true });
  const kept = patches.map(async (patch): Promise<[string, string]> => {
    const path = join(cache.sources, patch.sha256);
    await keep(patch, path);
    return [`${PATCHES}/${patch.name}`, path];
  });
  return Object.fromEntries(await Promise.all(kept));
}

async function keep({ name, path, sha256 }: GraphPatch, to: string): Promise<void> {
  const bytes = await readFile(pathInGraph(path)).catch(() => undefined);
  const found = bytes === undefined ? null : sha256Of(bytes);
  if (bytes === undefined || found !== sha256) {
    const what = bytes === undefined ? 'cannot be read any more' : 'has changed';
    throw new SlicesError('SOURCE_CHANGED', `Cannot build with the patch ${name}: ${path} ${what}`, {
      hint: 'Build again once nothing writes there.',
      facts: { path, evaluated: sha256, found },
    });
  }
  const draft = await draftOf(to);
  try {
    await writeFile(draft, bytes);
    await rename(draft, to);
  } finally {
    await rm(draft, { force: true });
  }
}
