/**
 * Who uses the store, and who takes away from it. Whoever reads or writes there is present from the first look to the last
 * read; whoever removes something has the store alone. It is a flock(2) on the cache's own directory, shared or exclusive:
 * it holds nobody up that is dead, is seen from every PID namespace, and works where nothing can be written.
 */
import { closeSync, constants } from 'node:fs';

import { messageOf } from '@cocon-os/cli';

import { makeDirectory, type CacheDirectory } from '../cache-directory.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import { openForLock, tryLock, waitForLock } from '../lock.ts';

/** This process's lock on a cache, and how many in this process rely on it. */
interface Shared {
  readonly arrival: Promise<void>;
  descriptor: number | undefined;
  users: number;
}

const shared = new Map<string, Shared>();

/**
 * Announces this process to whoever removes things: what is in the cache stays until the result is disposed of. Announced
 * processes are in nobody's way. `onWait` is called when something is being removed just now; it waits until that is over.
 *
 * @throws SlicesError `CACHE_UNUSABLE`, `HOST_PACKAGE_MISSING`
 */
export async function presence(cache: CacheDirectory, onWait?: () => void): Promise<Disposable> {
  const announced = announce(cache, onWait);
  try {
    await shared.get(cache.root)?.arrival;
    return announced;
  } catch (thrown) {
    announced[Symbol.dispose]();
    throw thrown;
  }
}

/**
 * Begins a {@link presence} and does not wait for it, which takes some milliseconds that a caller with other things to do
 * saves. Nothing may be relied on before a `presence()` has come, and that tells what went wrong, too.
 */
export function announce({ root }: CacheDirectory, onWait: () => void = () => {}): Disposable {
  const own = shared.get(root) ?? begin(root, onWait);
  own.users += 1;
  let open = true;
  return {
    [Symbol.dispose]() {
      if (open) leave(root, own);
      open = false;
    },
  };
}

function begin(root: string, onWait: () => void): Shared {
  const arrive = async (): Promise<void> => {
    const descriptor = await lockedDirectory(root, onWait);
    if (own.users > 0) own.descriptor = descriptor;
    else closeSync(descriptor);
  };
  const own: Shared = { arrival: arrive(), descriptor: undefined, users: 0 };
  // Who only announces it has nobody to tell.
  own.arrival.catch(() => {});
  shared.set(root, own);
  return own;
}

function leave(root: string, own: Shared): void {
  own.users -= 1;
  if (own.users > 0) return;
  shared.delete(root);
  if (own.descriptor !== undefined) closeSync(own.descriptor);
}

/**
 * Runs `job` while nobody else, in this process or another, uses the cache. Who comes meanwhile waits, so `job` itself must
 * not ask for a presence.
 *
 * @throws SlicesError `STORE_BUSY` when somebody does, `CACHE_UNUSABLE`, `HOST_PACKAGE_MISSING`, and what `job` throws
 */
export async function alone<T>({ root }: CacheDirectory, what: string, job: () => Promise<T>): Promise<T> {
  const descriptor = openDirectory(root);
  try {
    if (!(await tryLock(descriptor, 'exclusive', root))) throw await busy(root, what, descriptor);
    return await job();
  } finally {
    closeSync(descriptor);
  }
}

async function lockedDirectory(root: string, onWait: () => void): Promise<number> {
  const descriptor = openDirectory(root);
  try {
    if (!(await tryLock(descriptor, 'shared', root))) {
      onWait();
      await waitForLock(descriptor, 'shared', root);
    }
    return descriptor;
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

function openDirectory(root: string): number {
  try {
    makeDirectory(root);
  } catch (cause) {
    if (hasCode(cause, ['ENOSPC', 'EDQUOT'])) throw cause;
    // What is there and no directory is told when it is opened.
    if (!hasCode(cause, ['EEXIST'])) throw cannotMake(root, cause);
  }
  return openForLock(root, constants.O_RDONLY | constants.O_DIRECTORY);
}

function cannotMake(root: string, cause: unknown): SlicesError {
  return new SlicesError('CACHE_UNUSABLE', `Cannot make the cache ${root}: ${messageOf(cause)}`, {
    hint: 'Name a place to which you may write: COCON_CACHE=<directory>.',
    facts: { path: root },
    cause,
  });
}

async function busy(root: string, what: string, descriptor: number): Promise<SlicesError> {
  const { holderOf } = await import('@cocon-os/cli/lock-holder');
  const process = holderOf(descriptor);
  const who = process === undefined ? 'another process' : `process ${process}`;
  return new SlicesError('STORE_BUSY', `Cannot ${what}: ${who} uses ${root}`, {
    hint: 'Try again when it is done.',
    ...(process === undefined ? {} : { facts: { process } }),
  });
}
