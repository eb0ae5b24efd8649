#!/usr/bin/env node
/** `sdfs` on a host. */
import { createInterface } from 'node:readline/promises';

import { runProgram } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import type { Context } from '../src/cli/context.ts';
import { sdfsProgram } from '../src/cli/program.ts';

const context: Context = {
  terminal: nodeTerminal,
  writeBytes: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  confirm: (question) => (process.stdin.isTTY ? ask(question) : undefined),
  now: () => Math.floor(Date.now() / 1000),
};

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

// Whoever reads our output has heard enough (`sdfs dump | head`).
process.stdout.on('error', (error: Error & { readonly code?: string }) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await runProgram(sdfsProgram, context, process.argv.slice(2));
