/** A program as a Node process: whatever ends it, it says so in the one form that errors have. */
import { AsyncLocalStorage } from 'node:async_hooks';

import { runProgram, type Program } from './command.ts';
import type { Terminal } from './terminal.ts';
import { CoconError } from './errors.ts';
import { report } from './report.ts';

/**
 * Runs the command of this process and sets its exit status. What nobody catches, and a process in which nothing is left to be
 * waited for before the command is done, are reported as what the command throws.
 */
export async function runNodeProgram<Context extends { readonly terminal: Terminal }>(
  program: Program<Context>,
  context: Context,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  // Whoever throws may run where the end of the process is watched; these must not.
  const end = AsyncLocalStorage.bind((thrown: unknown): void => {
    process.exit(report(program.name, context.terminal, thrown, argv.includes('--json')));
  });
  const stopped = (): void => end(neverEnds());
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  process.on('beforeExit', stopped);
  process.exitCode = await runProgram(program, context, argv);
  process.off('beforeExit', stopped);
}

function neverEnds(): CoconError {
  return new CoconError('STOPPED', 'Cannot go on: what is awaited never comes, and nothing else runs', {
    hint: 'In what cocon loads, look for an await at the top of a profile, a board, a slice or a configuration.',
  });
}
