/** `sdfs` on a host. */
import { createInterface } from 'node:readline/promises';

import { EXIT_DONE } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';
import { runNodeProgram } from '@cocon-os/cli/node-program';

import type { Context } from '../src/cli/context.ts';
import { sdfsProgram } from '../src/cli/program.ts';

const context: Context = {
  terminal: nodeTerminal,
  writeBytes: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error?: (Error & { readonly code?: string }) | null) => {
        // Whoever reads has had enough, and the rest of a large file is not worth reading (`sdfs cat … | head`).
        if (error?.code === 'EPIPE') process.exit(EXIT_DONE);
        if (error) reject(error);
        else resolve();
      });
    }),
  confirm: (question) => (process.stdin.isTTY ? ask(question) : undefined),
  now: () => Math.floor(Date.now() / 1000),
};

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } catch (thrown) {
    // Ctrl-C and Ctrl-D are no consent.
    if (thrown instanceof Error && thrown.name === 'AbortError') return false;
    throw thrown;
  } finally {
    lines.close();
  }
}

await runNodeProgram(sdfsProgram, context);
