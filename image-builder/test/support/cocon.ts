/** Runs `cocon` in this process and keeps what it says. */
import { runProgram } from '@cocon-os/cli';

import { record } from '../../../cli/test/record.ts';
import { program } from '../../src/program.ts';

/** How a run ended. */
export interface CoconRun {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The same for what a test only stands on: throws unless it ends with status 0. */
export async function mustRun(cwd: string, ...args: readonly string[]): Promise<CoconRun> {
  const run = await cocon(cwd, ...args);
  if (run.status === 0) return run;
  throw new Error(`cocon ${args.join(' ')} ended with status ${run.status}: ${run.err}`);
}

/** `cocon <args>` with `cwd` as current directory. */
export async function cocon(cwd: string, ...args: readonly string[]): Promise<CoconRun> {
  const recorded = record();
  const status = await runProgram(program, { terminal: recorded.terminal, cwd }, args);
  return { status, out: recorded.out, err: recorded.err };
}
