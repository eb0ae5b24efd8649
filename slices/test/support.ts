/** What several tests use. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { SlicesError } from '../src/errors.ts';

/** The code that a call throws with, or `undefined` when it does not throw. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SlicesError) return thrown.code;
    throw thrown;
  }
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<SlicesError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof SlicesError) return thrown;
  throw new Error(`expected a SlicesError, got ${String(thrown)}`);
}

/** A directory that is removed when the test is over. */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cocon-slices-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
