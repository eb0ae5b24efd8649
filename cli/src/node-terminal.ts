/** The terminal of a Node process. */
import type { Terminal } from './terminal.ts';
import { EXIT_FAILED, messageOf } from './errors.ts';

/** Whether lines can be drawn again where standard error goes. */
export function redraws(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}

/** Standard output and standard error of this process. */
export const nodeTerminal: Terminal = {
  out(text) {
    process.stdout.write(text);
  },
  err(text) {
    process.stderr.write(text);
  },
  interactive: redraws(process.stderr.isTTY, process.env),
};

// Node would end the process with a stack trace, in the midst of its work.
process.stdout.on('error', (error) => {
  // Who reads has had enough, as in `cocon synth | head`.
  if ('code' in error && error.code === 'EPIPE') return;
  process.stderr.write(`Cannot write standard output: ${messageOf(error)}\n`);
  process.exit(EXIT_FAILED);
});
// What is said to nobody is no reason to stop.
process.stderr.on('error', () => {});
