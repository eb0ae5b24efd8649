/** Signs of life of commands that ask the mirror. */
import type { Terminal } from '@cocon-os/cli';

const FIRST_MS = 2000;
const NEXT_MS = 10_000;

/** To be told each line that apt prints. People hear of it after two seconds, and then every ten. */
export function asking(terminal: Terminal): (line: string) => void {
  const began = performance.now();
  let next = began + FIRST_MS;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = now + NEXT_MS;
    terminal.err(`asking the mirror, since ${Math.round((now - began) / 1000)} s\n`);
  };
}
