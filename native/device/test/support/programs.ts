/** `cocon-update` twice: the device's binary, and the same program on Node. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { nodeTerminal } from '@cocon-os/cli/node';
import { findHostTool } from '@cocon-os/image-builder';

const ROOT = join(import.meta.dirname, '../../../..');

/** As the slice `cocon-update` builds it for a PC. */
export const BINARY = await findHostTool('cocon-update', nodeTerminal);

/** How it ended and what it printed. */
export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The device's binary. */
export function device(args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  return run([BINARY, ...args], input);
}

/** The host's program. */
export function host(args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  const program = join(ROOT, 'updater/bin/cocon-update.ts');
  return run([process.execPath, '--disable-warning=ExperimentalWarning', program, ...args], input);
}

/** Any program, `input` on its standard input. */
export async function run([program = '', ...args]: readonly string[], input?: Uint8Array): Promise<Outcome> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // A program that refuses early does not read its input; that is no failure of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { status: await status, out: out.toString('utf8'), err: err.toString('utf8') };
}
