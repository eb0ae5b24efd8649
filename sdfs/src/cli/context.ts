/** What the commands of `sdfs` are given besides their arguments. */
import type { Terminal } from '@cocon-os/cli';

/** The world of a command. */
export interface Context {
  readonly terminal: Terminal;
  /** Writes bytes to standard output; resolves once they are taken. */
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** Asks a question that is answered with yes or no; `undefined` where there is nobody to ask. */
  confirm(question: string): Promise<boolean> | undefined;
  /** Unix time in seconds. */
  now(): number;
}
