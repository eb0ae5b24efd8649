/** What several tests use. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram } from '@cocon-os/cli';
import { onTestFinished } from 'vitest';

import { record } from '../../cli/test/record.ts';
import type { SliceContext } from '../src/commands/context.ts';
import type { Sealer } from '../src/commands/index.ts';
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

/** For commands that seal nothing and read no key. */
export const unusedSealer: Sealer = {
  key: () => Promise.reject(new Error('no key')),
  measure: () => Promise.reject(new Error('not measured')),
  publicKey: () => Promise.reject(new Error('no key')),
};

/** What a command prints in the directory `cwd`, and its status. */
export async function run(
  program: Parameters<typeof runProgram<SliceContext>>[0],
  cwd: string,
  argv: readonly string[],
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const recorded = record();
  const status = await runProgram(program, { terminal: recorded.terminal, cwd }, argv);
  return { status, out: recorded.out, err: recorded.err };
}
