/** What several tests use. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram } from '@cocon-os/cli';
import { onTestFinished } from 'vitest';

import type { SliceContext } from '../src/commands/context.ts';
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

/** What a command prints in the directory `cwd`, and its status. */
export async function run(
  program: Parameters<typeof runProgram<SliceContext>>[0],
  cwd: string,
  argv: readonly string[],
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    interactive: false,
  };
  const status = await runProgram(program, { terminal, cwd }, argv);
  return { status, out, err };
}
