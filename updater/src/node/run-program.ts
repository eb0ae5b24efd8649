/** A child process with a time limit, in a process group of its own so that the limit ends what it started as well. */
import { constants } from 'node:os';

import { messageOf } from '@cocon-os/cli';
import { programEnvironment, startProgram } from '@cocon-os/cli/host-program';

import { UpdaterError } from '../errors.ts';
import type { RunResult } from '../platform.ts';

const OUTPUT_KEPT = 4096;
/** How long the pipes of a child that has ended are still read. */
const DRAIN_MS = 100;

/** Runs `program` to its end. `RUN_FAILED` when it cannot be started. */
export function runChild(
  program: string,
  args: readonly string[],
  timeoutSeconds: number,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): UpdaterError =>
      new UpdaterError('RUN_FAILED', `Cannot run ${program}: ${messageOf(cause)}`, { cause });
    const child = start(program, args, failed);
    let output = Buffer.alloc(0);
    let timedOut = false;
    const keep = (piece: Buffer): void => {
      output = Buffer.concat([output, piece]).subarray(-OUTPUT_KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutSeconds * 1000);
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(failed(cause));
    });
    let ended: number | null = null;
    let endedBy: NodeJS.Signals | null = null;
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      ended = status;
      endedBy = signal;
      // What it leaves running with the pipe open is not waited for; what it wrote itself is in the pipe by now.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, DRAIN_MS);
    });
    child.on('close', () => {
      resolve({
        status: timedOut ? undefined : (ended ?? undefined),
        signal: timedOut || endedBy === null ? undefined : constants.signals[endedBy],
        timedOut,
        output: output.toString('utf8'),
      });
    });
  });
}

/** Some faults of a program that does not start are thrown at once (ENOTDIR), the others come as an event. */
function start(program: string, args: readonly string[], failed: (cause: unknown) => UpdaterError) {
  try {
    return startProgram(program, args, {
      environment: programEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  } catch (cause) {
    throw failed(cause);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
