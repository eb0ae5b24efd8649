/**
 * Names for what is not finished yet: `<name>.draft-<process>-<random>`. Finished things appear by rename; a draft whose
 * process has ended is what a killed build left, and is swept.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { removeTree } from './files.ts';
import { isRunning, processIdentity } from './lock.ts';

const DRAFT = /\.draft-(\d+\.\d+)-[0-9a-f-]+$/;

let own: Promise<string> | undefined;

/** A path beside `path`, for this process alone. */
export async function draftOf(path: string): Promise<string> {
  own ??= processIdentity(process.pid);
  return `${path}.draft-${await own}-${randomUUID()}`;
}

/** The process that a draft belongs to, or `undefined` when the name is no draft's. */
export function ownerOfDraft(name: string): string | undefined {
  return DRAFT.exec(name)?.[1];
}

/** The drafts in a directory, and whether their process still runs. A directory that is not there has none. */
export async function draftsIn(
  directory: string,
): Promise<readonly { readonly path: string; readonly owner: string; readonly running: boolean }[]> {
  const found = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const owner = ownerOfDraft(name);
    if (owner === undefined) continue;
    found.push({ path: join(directory, name), owner, running: await isRunning(owner) });
  }
  return found;
}

/** Removes what processes that no longer run have left in a directory. */
export async function sweepDrafts(directory: string): Promise<void> {
  for (const { path, running } of await draftsIn(directory)) if (!running) await removeTree(path);
}
