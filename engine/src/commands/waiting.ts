/** What a command says while it waits for the cache. */
import type { Terminal } from '@cocon-os/cli';

/** For `presence()`: says that somebody removes things from the cache just now. */
export function sayThatItWaits(terminal: Terminal): () => void {
  return () => terminal.err('waiting for another process that removes things from the cache\n');
}
