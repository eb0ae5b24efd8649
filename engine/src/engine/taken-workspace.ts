/**
 * The workspace of a failed build while a shell has it. It lies in `work/shell/` as a draft of the shell's process, for the next
 * build of its node removes what is in `work/failed/`, or puts its own there.
 */
import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf, draftsIn } from '../drafts.ts';
import { exists, hasCode, removeTree } from '../files.ts';
import type { NodeId } from '../graph/graph.ts';
import { failedPlace } from './build-node.ts';
import { writablePlace } from './writable-place.ts';

/** Where they lie while they are taken. */
export function shellPlace(cache: CacheDirectory): string {
  return join(cache.work, 'shell');
}

/** Takes the kept workspace of a node and gives its new place, if there is one that nobody else has taken. */
export async function takeWorkspace(cache: CacheDirectory, node: NodeId): Promise<string | undefined> {
  if (!(await exists(failedPlace(cache, node)))) return undefined;
  await writablePlace(shellPlace(cache));
  const taken = await draftOf(join(shellPlace(cache), node));
  return (await moved(failedPlace(cache, node), taken, 'ENOENT')) ? taken : undefined;
}

/**
 * Puts a taken workspace back. When its node was built meanwhile it is kept beside, until the next such one or `store gc`;
 * then its place is returned.
 */
export async function giveBack(
  cache: CacheDirectory,
  node: NodeId,
  taken: string,
  isOutdated = false,
): Promise<string | undefined> {
  const place = failedPlace(cache, node);
  await mkdir(dirname(place), { recursive: true });
  if (!isOutdated && (await moved(taken, place, 'ENOTEMPTY', 'EEXIST'))) return undefined;
  const older = `${place}.older`;
  await removeTree(older);
  await rename(taken, older);
  return older;
}

/** Puts back what shells that were killed had taken. */
export async function giveBackLeft(cache: CacheDirectory): Promise<void> {
  for (const { path, state } of await draftsIn(shellPlace(cache))) {
    if (state !== 'ended') continue;
    const name = basename(path);
    const node = name.slice(0, name.lastIndexOf('.draft-'));
    await giveBack(cache, node, path).catch((error: unknown) => {
      // Another process may have been faster.
      if (!hasCode(error, ['ENOENT'])) throw error;
    });
  }
}

/** Whether a directory was moved; codes of errors that mean that it was not. */
async function moved(from: string, to: string, ...codes: readonly string[]): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, codes)) return false;
    throw error;
  }
}
