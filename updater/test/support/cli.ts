/** The program as a child process. */
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** How it ended and what it printed. */
export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The program's file. */
export const PROGRAM = fileURLToPath(new URL('../../bin/cocon-update.ts', import.meta.url));

/** Runs `cocon-update` with `args`, `input` on its standard input. */
export async function coconUpdate(args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program that refuses early does not read its input; that is no failure of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { status: await status, out: out.toString('utf8'), err: err.toString('utf8') };
}
