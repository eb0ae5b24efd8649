/**
 * Names for what is not finished yet: `<name>.draft-<process>-<random>`. Finished things appear by rename; a draft whose
 * process has ended is what a killed build left, and is swept.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { removeTree } from './files.ts';

const DRAFT = /\.draft-(\d+(?:\.\d+)+)-[0-9a-f-]+$/;

/** A process of another PID namespace cannot be seen from here: it may run or not. */
export type OwnerState = 'running' | 'ended' | 'elsewhere';

/** A draft, and what has become of its process. */
export interface Draft {
  readonly path: string;
  /** As {@link processIdentity} names it. */
  readonly owner: string;
  readonly state: OwnerState;
}

let own: Promise<string> | undefined;

/** A path beside `path`, for this process alone. */
export async function draftOf(path: string): Promise<string> {
  own ??= processIdentity(process.pid);
  return `${path}.draft-${await own}-${randomUUID()}`;
}

/** Whether a name is a draft's. */
export function isDraft(name: string): boolean {
  return DRAFT.test(name);
}

/** The drafts in a directory; if given, only those of the path `of` in it. A directory that is not there has none. */
export async function draftsIn(directory: string, of?: string): Promise<readonly Draft[]> {
  const start = of === undefined ? '' : `${basename(of)}.draft-`;
  const found: Draft[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const owner = name.startsWith(start) ? DRAFT.exec(name)?.[1] : undefined;
    if (owner === undefined) continue;
    found.push({ path: join(directory, name), owner, state: await stateOf(owner) });
  }
  return found;
}

/** Removes what processes that no longer run have left in a directory; if given, only of the path `of` in it. */
export async function sweepDrafts(directory: string, of?: string): Promise<void> {
  for (const { path, state } of await draftsIn(directory, of)) if (state === 'ended') await removeTree(path);
}

/**
 * Names a process as `<pid>.<start time>.<PID namespace>`, for numbers are used again; the start time is in clock ticks
 * since the machine started (proc_pid_stat(5), field 22), so no change of the clock moves it. Empty when there is no such
 * process in the namespace of this one.
 */
export async function processIdentity(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 2 is the program's name in parentheses, which may hold blanks and parentheses itself; field 3 comes behind it.
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  return startTime === undefined ? '' : `${pid}.${startTime}.${await ownNamespace()}`;
}

/** What has become of the process of that identity. */
export async function stateOf(identity: string): Promise<OwnerState> {
  if (identity.split('.')[2] !== (await ownNamespace())) return 'elsewhere';
  return (await processIdentity(Number.parseInt(identity, 10))) === identity ? 'running' : 'ended';
}

/** Inode number of the PID namespace (namespaces(7)). */
async function ownNamespace(): Promise<string> {
  return (await readlink('/proc/self/ns/pid').catch(() => '')).replaceAll(/\D/g, '');
}
