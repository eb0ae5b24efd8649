/**
 * Locks between processes: flock(2). The kernel keeps them and drops them with the descriptor, however a holder ends and in
 * whichever PID namespace it runs, so none is ever stale.
 */
import { once } from 'node:events';
import { closeSync, constants, fstatSync, openSync, rmSync, statSync, type Stats } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { messageOf } from '@cocon-os/cli';
import { programEnvironment, startProgram } from '@cocon-os/cli/host-program';

import { SlicesError } from './errors.ts';
import { hasCode } from './files.ts';

/** With a shared lock there are other shared ones, with an exclusive one there is nothing else. */
export type LockKind = 'shared' | 'exclusive';

/** Exit status of flock(1) when somebody else has the lock. */
const CONFLICT = 1;

/**
 * Runs `job` while holding the exclusive lock on the file `path`, which is there as long as somebody wants it.
 *
 * @throws SlicesError `CACHE_UNUSABLE`, `HOST_PACKAGE_MISSING`, and what `job` throws
 */
export async function withLock<T>(path: string, onWait: () => void, job: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const descriptor = await lockedFile(path, onWait);
  try {
    return await job();
  } finally {
    try {
      removeName(path, descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Removes a lock's file that nobody holds: a killed process left it. Anything else of that name is left alone. */
export async function removeFreeLock(path: string): Promise<void> {
  if (!(statOf(path)?.isFile() ?? false)) return;
  const descriptor = openForLock(path, constants.O_RDWR | constants.O_CREAT);
  try {
    if (await tryLock(descriptor, 'exclusive', path)) removeName(path, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A lock counts only on the file that has the name: its last holder takes the name away, and who waited begins anew. */
async function lockedFile(path: string, onWait: () => void): Promise<number> {
  for (let waited = false; ; waited = true) {
    const descriptor = openForLock(path, constants.O_RDWR | constants.O_CREAT);
    try {
      if (!(await tryLock(descriptor, 'exclusive', path))) {
        if (!waited) onWait();
        await waitForLock(descriptor, 'exclusive', path);
      }
      if (isNameOf(path, descriptor)) return descriptor;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
    closeSync(descriptor);
  }
}

/** Only the holder may. */
function removeName(path: string, descriptor: number): void {
  if (isNameOf(path, descriptor)) rmSync(path, { force: true });
}

/** While it is open here, no other file can be given its number. */
function isNameOf(path: string, descriptor: number): boolean {
  const [named, open] = [statOf(path), fstatSync(descriptor)];
  return named?.ino === open.ino && named.dev === open.dev;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** A number and no FileHandle: that would be closed, and the lock lost, when nobody refers to it any more. */
export function openForLock(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    // A full disk is told by who knows what it was needed for.
    throw hasCode(cause, ['ENOSPC', 'EDQUOT']) ? cause : cannotLock(path, messageOf(cause), cause);
  }
}

/** Takes the lock on what `descriptor` is open on, unless somebody else has it. `path` is for the error. */
export async function tryLock(descriptor: number, kind: LockKind, path: string): Promise<boolean> {
  return flock(descriptor, [`--${kind}`, '--nonblock'], path);
}

/** Takes it when everybody else is done. */
export async function waitForLock(descriptor: number, kind: LockKind, path: string): Promise<void> {
  await flock(descriptor, [`--${kind}`], path);
}

/**
 * Node has no flock(2). The lock belongs to the open file description, which flock(1) shares while it runs, so the lock
 * stays when flock(1) has ended. It takes 2 ms.
 */
async function flock(descriptor: number, args: readonly string[], path: string): Promise<boolean> {
  const child = startProgram('flock', [...args, '3'], {
    environment: programEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
  });
  let said = '';
  child.stderr.on('data', (data) => void (said += String(data)));
  try {
    await once(child, 'close');
  } catch (cause) {
    if (!hasCode(cause, ['ENOENT'])) throw cannotLock(path, messageOf(cause), cause);
    throw new SlicesError('HOST_PACKAGE_MISSING', `Cannot lock ${path}: flock is not installed`, {
      hint: 'Run: apt-get install --no-install-recommends util-linux',
      cause,
    });
  }
  if (child.exitCode === 0) return true;
  if (child.exitCode === CONFLICT && args.includes('--nonblock')) return false;
  const end = child.exitCode === null ? `flock was ended by ${child.signalCode}` : said.trim();
  throw cannotLock(path, end);
}

function cannotLock(path: string, why: string, cause?: unknown): SlicesError {
  return new SlicesError('CACHE_UNUSABLE', `Cannot lock ${path}: ${why}`, {
    hint: 'Use a directory on a disk of this machine, to which you may write: COCON_CACHE=<directory>.',
    facts: { path },
    cause,
  });
}
