/** A machine that has been started: its console, its monitor, and its end. */
import type { Scratch } from './scratch.ts';
import type { BlockStatistics } from './qmp-protocol.ts';
import type { QmpClient } from './qmp-client.ts';
import type { SerialSession } from './serial-session.ts';
import type { Machine } from './machine.ts';
import { diskNode } from './arguments.ts';
import { QemuError } from './errors.ts';
import { timeLimit } from './settings.ts';

/** How QEMU ended. */
export interface ExitStatus {
  readonly status: number;
  readonly signal: number | undefined;
}

/** What a running machine is made of. */
export interface RunningParts {
  readonly machine: Machine;
  readonly pid: number;
  readonly serial: SerialSession;
  readonly qmp: QmpClient;
  readonly scratch: Scratch;
  readonly exited: Promise<ExitStatus>;
  readonly kill: () => void;
  readonly dispose: () => void;
}

const QUIT_TIMEOUT_MS = 20_000;

/** A machine that runs until it is disposed of, killed, or switched off by its guest. */
export class RunningMachine implements AsyncDisposable {
  readonly machine: Machine;
  /** Process of QEMU. */
  readonly pid: number;
  readonly serial: SerialSession;
  readonly qmp: QmpClient;
  /** Resolves when QEMU has ended, for whatever reason. */
  readonly exited: Promise<ExitStatus>;
  readonly #parts: RunningParts;

  constructor(parts: RunningParts) {
    this.machine = parts.machine;
    this.pid = parts.pid;
    this.serial = parts.serial;
    this.qmp = parts.qmp;
    this.exited = parts.exited;
    this.#parts = parts;
  }

  /** Directory for files that go away with the machine. */
  get scratch(): Scratch {
    return this.#parts.scratch;
  }

  /** What the guest has read and written since the start, for the disk at `index` of the machine's list. */
  async diskStatistics(index: number): Promise<BlockStatistics> {
    const entries = await this.qmp.execute('query-blockstats');
    const found = entries.find((entry) => entry['node-name'] === diskNode(index));
    if (found !== undefined) return found.stats;
    throw new QemuError(
      'QEMU_BAD_OPTION',
      `Cannot count for disk ${String(index)}: "${this.machine.name}" has no such disk`,
    );
  }

  /** Waits until QEMU ends by itself. Throws `EXPECT_TIMEOUT`. */
  async waitForExit(options: { readonly timeoutMs?: number } = {}): Promise<ExitStatus> {
    const limit = timeLimit(options.timeoutMs ?? 60_000);
    const exit = await Promise.race([this.exited, elapsed(limit)]);
    if (exit !== undefined) return exit;
    throw new QemuError('EXPECT_TIMEOUT', `Cannot wait any longer for "${this.machine.name}" to end`);
  }

  /** Pulls the plug: QEMU dies at once. What the guest has not flushed may be on a raw disk or not. */
  async kill(): Promise<void> {
    this.#parts.kill();
    await this.exited;
  }

  /** Ends QEMU in order, so that its images are whole, and removes all temporary files. */
  async [Symbol.asyncDispose](): Promise<void> {
    // QEMU may be gone before its answer is; both mean the same here.
    await Promise.race([this.qmp.execute('quit').catch(() => undefined), elapsed(QUIT_TIMEOUT_MS)]);
    await Promise.race([this.exited, elapsed(QUIT_TIMEOUT_MS)]);
    await this.kill();
    this.#parts.dispose();
  }
}

async function elapsed(milliseconds: number): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setTimeout(resolve, milliseconds, undefined).unref();
  return await promise;
}
