/** The terminal of a Node process. */
import type { Terminal } from './command.ts';

/** Standard output and standard error of this process. */
export const nodeTerminal: Terminal = {
  out(text) {
    process.stdout.write(text);
  },
  err(text) {
    process.stderr.write(text);
  },
  interactive: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
};
