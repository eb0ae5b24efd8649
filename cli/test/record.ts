/** A terminal that keeps what is said, for tests of commands. */
import type { Terminal } from '@cocon-os/cli';

/** The terminal, and what was said so far. */
export interface Recorded {
  readonly terminal: Terminal;
  out: string;
  err: string;
}

export function record(): Recorded {
  const recorded: Recorded = {
    out: '',
    err: '',
    terminal: {
      out: (text) => (recorded.out += text),
      err: (text) => (recorded.err += text),
      interactive: false,
    },
  };
  return recorded;
}
