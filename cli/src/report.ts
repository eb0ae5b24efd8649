/** How a command that failed says so. */
import type { Terminal } from './terminal.ts';
import { CoconError, EXIT_FAILED, EXIT_USAGE, messageOf, UsageError } from './errors.ts';
import { plain } from './format.ts';
import { redact } from './secrets.ts';
import { systemErrorOf } from './system-error.ts';

/** What is said of a failure. */
export type Told = Pick<CoconError, 'code' | 'message' | 'facts'> & Partial<Pick<CoconError, 'hint'>>;

/**
 * Says what was thrown and gives the exit status for it. A system error that the machine's state
 * explains has the code `SYSTEM`; any other error that is none of this project's is `INTERNAL`, and
 * is shown with its stack.
 */
export function report(program: string, terminal: Terminal, thrown: unknown, json: boolean): number {
  const told = toldOf(thrown);
  if (json) terminal.out(`${JSON.stringify({ error: jsonOf(told) })}\n`);
  tell(program, terminal, told);
  if (told.code === 'INTERNAL' && thrown instanceof Error && thrown.stack !== undefined)
    terminal.err(`${plainLines(thrown.stack)}\n`);
  return thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

/**
 * The one form that errors have for people. What an archive or a disk has put into the words is
 * shown, not obeyed; the secrets of URLs are not shown at all, whoever has put them there.
 */
export function tell(program: string, terminal: Terminal, { code, message, hint }: Told): void {
  terminal.err(`${program}: ${plainLines(message)} [${code}]\n`);
  if (hint !== undefined) terminal.err(`hint: ${plainLines(hint)}\n`);
}

/** The one form that errors have under `--json`, there called `error`. */
export function jsonOf({ code, message, hint, facts }: Told) {
  return {
    code,
    message: redact(message),
    hint: hint === undefined ? null : redact(hint),
    facts: Object.fromEntries(
      Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? redact(fact) : fact]),
    ),
  };
}

function plainLines(text: string): string {
  return redact(text).split('\n').map(plain).join('\n');
}

function toldOf(thrown: unknown): Told {
  if (thrown instanceof CoconError) return thrown;
  const message = messageOf(thrown);
  const system = systemErrorOf(thrown);
  if (system === undefined) return { code: 'INTERNAL', message, facts: {} };
  return { code: 'SYSTEM', message: `Cannot go on: ${message}`, ...system };
}
