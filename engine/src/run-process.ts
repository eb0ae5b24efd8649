/** Child processes: one way to run them, with every line seen as it is printed. */
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

import { programEnvironment, startProgram, type ProgramEnvironment } from '@cocon-os/cli/host-program';

/** How a process ended. */
export interface ProcessResult {
  /** Exit status; 128 + number when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  /** The last lines of both streams, in the order in which they came. */
  readonly tail: readonly string[];
}

/** What {@link runProcess} may be told. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** All of its variables; the usual ones, if not given. */
  readonly environment?: ProgramEnvironment;
  /** Called for each line of either stream. */
  readonly onLine?: (line: string) => void;
}

const TAIL_LINES = 30;
const SIGNAL_STATUS = 128;

/** The exit status of a child process as shells say it: 128 + number when a signal ended it. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? SIGNAL_STATUS + (signal === null ? 0 : constants.signals[signal]);
}

/** Runs a program to its end. Rejects only when it cannot be started. */
export async function runProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = startProgram(program, args, {
    cwd: options.cwd,
    environment: options.environment ?? programEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout: string[] = [];
  const tail: string[] = [];
  const seen = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout.push(line);
    seen(line);
  });
  createInterface({ input: child.stderr }).on('line', seen);
  child.once('error', reject);
  child.once('close', (code, signal) => resolve(exitStatus(code, signal)));
  const status = await promise;
  return { status, stdout: stdout.join('\n'), tail };
}
