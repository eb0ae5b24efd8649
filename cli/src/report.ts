/** How a command that failed says so. */
import type { Terminal } from './command.ts';
import { CoconError, EXIT_FAILED, EXIT_USAGE, messageOf, UsageError } from './errors.ts';
import { systemErrorOf } from './system-error.ts';

/** What is said of a failure. */
interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly facts: CoconError['facts'];
}

/**
 * Says what was thrown and gives the exit status for it. A system error that the machine's state explains has the code
 * `SYSTEM`; any other error that is none of this project's is `INTERNAL`, and is shown with its stack.
 */
export function report(program: string, terminal: Terminal, thrown: unknown, json: boolean): number {
  const { code, message, hint, facts } = toldOf(thrown);
  if (json) terminal.out(`${JSON.stringify({ error: { code, message, hint: hint ?? null, facts } })}\n`);
  terminal.err(`${program}: ${message} [${code}]\n`);
  if (hint !== undefined) terminal.err(`hint: ${hint}\n`);
  if (code === 'INTERNAL' && thrown instanceof Error && thrown.stack !== undefined)
    terminal.err(`${thrown.stack}\n`);
  return thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

function toldOf(thrown: unknown): Told {
  if (thrown instanceof CoconError) return thrown;
  const message = messageOf(thrown);
  const system = systemErrorOf(thrown);
  if (system === undefined) return { code: 'INTERNAL', message, facts: {} };
  return { code: 'SYSTEM', message: `Cannot go on: ${message}`, ...system };
}
