/** Temporary directories and child processes that do not outlive this process, however it ends short of SIGKILL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ScratchError } from '@cocon-os/cli/disk-room';

import { keepsTemporaryFiles } from './settings.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const cleanups = new Set<() => void>();

/** Runs `cleanup` (synchronous) when this process ends, unless the returned function took it back before. */
export function onProcessEnd(cleanup: () => void): () => void {
  if (cleanups.size === 0) {
    process.on('exit', cleanUp);
    for (const signal of SIGNALS) process.on(signal, endBySignal);
  }
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size > 0) return;
    process.off('exit', cleanUp);
    for (const signal of SIGNALS) process.off(signal, endBySignal);
  };
}

function cleanUp(): void {
  for (const cleanup of [...cleanups].toReversed()) cleanup();
  cleanups.clear();
}

// Someone else who listens to the signal decides what becomes of the process; then only the clean-up is ours.
function endBySignal(signal: NodeJS.Signals): void {
  cleanUp();
  process.off(signal, endBySignal);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/** A directory that goes with its owner. */
export interface Scratch extends Disposable {
  readonly path: string;
  /** A path inside. */
  file(name: string): string;
}

/** Makes a directory under the system's temporary directory; COCON_KEEP lets it stay. Throws `ScratchError`. */
export function makeScratch(purpose: string): Scratch {
  const path = makeDirectory(tmpdir(), `cocon-${purpose}-`);
  const remove = (): void => {
    if (!keepsTemporaryFiles()) rmSync(path, { recursive: true, force: true });
  };
  const forget = onProcessEnd(remove);
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]() {
      forget();
      remove();
    },
  };
}

function makeDirectory(place: string, prefix: string): string {
  try {
    return mkdtempSync(join(place, prefix));
  } catch (cause) {
    throw new ScratchError(cause);
  }
}
