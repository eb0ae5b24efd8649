/**
 * Programs that the builder calls: found or refused with the package that has them, and quoted when
 * they fail.
 */
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

import { fullPlace, roomHint } from '@cocon-os/cli/disk-room';
import {
  programEnvironment,
  startProgram,
  type Need,
  type ProgramEnvironment,
} from '@cocon-os/cli/host-program';

import { BuilderError, isSystemError } from './errors.ts';

/** How a program is called. */
export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  /** What brings the program, for the hint when it is missing. */
  readonly packageName: string;
  /** What it is called for, as in "Cannot <purpose>". */
  readonly purpose: string;
  /**
   * The file that it writes: when it fails and no more fits there, that is why, whatever it says
   * itself.
   */
  readonly writes?: string;
  /** What it is told besides the usual (@cocon-os/cli, DESIGN.md, "Programs that are started"). */
  readonly environment?: ProgramEnvironment;
  /** What it has to know of the person. */
  readonly needs?: readonly Need[];
  readonly input?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const KEPT_OUTPUT = 4096;

/**
 * Runs a program to its end and returns what it wrote on standard output. Throws `TOOL_MISSING`,
 * `TOOL_FAILED`, `DISK_FULL`.
 */
export async function runTool(call: ToolCall): Promise<string> {
  const child = startProgram(call.program, call.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    environment: programEnvironment(call.environment, call.needs),
  });
  let output = '';
  let diagnostics = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    diagnostics = (diagnostics + text).slice(-KEPT_OUTPUT);
  });
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw isSystemError(cause, 'ENOENT', 'EACCES') ? missing(call, cause) : cause;
  });
  const [status] = await Promise.all([
    ended.then(([code]: unknown[]) => code),
    feed(child.stdin, call.input ?? []),
  ]);
  if (status === 0) return output;
  assertRoom(call);
  throw new BuilderError(
    'TOOL_FAILED',
    `Cannot ${call.purpose}: ${call.program} ended with status ${String(status)}: ${(diagnostics || output).trim().slice(-KEPT_OUTPUT)}`,
    { hint: `Run it by hand to see more: ${call.program} ${call.args.join(' ')}` },
  );
}

/**
 * Throws `DISK_FULL` when nothing more fits where the program wrote. mkfs.erofs then speaks of a
 * bad checksum.
 */
function assertRoom({ purpose, writes }: ToolCall): void {
  const full = writes === undefined ? undefined : fullPlace([dirname(writes), tmpdir()]);
  if (full === undefined) return;
  const { directory, why } = full;
  throw new BuilderError('DISK_FULL', `Cannot ${purpose}: ${why}`, {
    hint: roomHint(directory),
    facts: { path: directory },
  });
}

async function feed(
  sink: NodeJS.WritableStream & { readonly destroyed?: boolean },
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  // A program that ends early closes its input; its status tells more than the broken pipe.
  const broken = once(sink, 'close').catch(() => {});
  sink.on('error', () => {});
  for await (const piece of input) {
    if (sink.destroyed === true) return;
    if (!sink.write(piece)) await Promise.race([once(sink, 'drain').catch(() => {}), broken]);
  }
  sink.end();
}

function missing(call: ToolCall, cause: unknown): BuilderError {
  return new BuilderError('TOOL_MISSING', `Cannot ${call.purpose}: program ${call.program} is not there`, {
    hint: `Install it: ${call.packageName}.`,
    cause,
  });
}
