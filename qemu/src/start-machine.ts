/** Starts QEMU on a pseudoterminal and puts console, monitor and temporary files together. */
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { whyUnread } from '@cocon-os/cli';
import { programEnvironment } from '@cocon-os/cli/host-program';
import { spawn } from 'node-pty';
import type { IPty } from 'node-pty';

import { qemuArguments } from './arguments.ts';
import type { MachineFiles } from './arguments.ts';
import { createOverlay, requireImage } from './disk-images.ts';
import { findFirmware } from './find-firmware.ts';
import { QemuError } from './errors.ts';
import { findEmulator } from './find-program.ts';
import type { Machine } from './machine.ts';
import { QmpClient } from './qmp-client.ts';
import { RunningMachine } from './running-machine.ts';
import type { ExitStatus } from './running-machine.ts';
import { makeScratch, onProcessEnd } from './scratch.ts';
import type { Scratch } from './scratch.ts';
import { SerialSession } from './serial-session.ts';
import { accelerator, keepsTemporaryFiles } from './settings.ts';

/** How a machine is started. */
export interface StartOptions {
  /** File that takes the whole serial console, escape sequences included. Its directory is made. */
  readonly log?: string;
}

/** Wide enough that a shell does not wrap the lines that tests type. */
const COLUMNS = 200;
const ROWS = 50;

/**
 * Starts a machine. Use it with `await using`, which ends QEMU and removes what was temporary. Should this process be
 * killed, the kernel hangs up QEMU's terminal, and QEMU ends too.
 */
export async function startMachine(machine: Machine, options: StartOptions = {}): Promise<RunningMachine> {
  const emulator = findEmulator(machine.architecture);
  const scratch = makeScratch('qemu');
  try {
    const files = await prepareFiles(machine, scratch);
    const log = options.log === undefined ? scratch.file('serial.log') : resolve(options.log);
    const logFile = openLog(log);
    const logPath = options.log !== undefined || keepsTemporaryFiles() ? log : undefined;
    const qmp = await QmpClient.listen(files.qmpSocket);
    const pty = spawn(emulator, qemuArguments(machine, files), {
      name: 'dumb',
      cols: COLUMNS,
      rows: ROWS,
      encoding: null,
      env: programEnvironment(),
    });
    return connect(machine, pty, { qmp, scratch, logFile, logPath });
  } catch (thrown) {
    scratch[Symbol.dispose]();
    throw thrown;
  }
}

/** Throws `LOG_FAILED`. */
function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'w');
  } catch (cause) {
    throw new QemuError('LOG_FAILED', `Cannot write the console's log "${path}": ${whyUnread(cause)}`, {
      hint: 'Name a file in a directory that you may write to.',
      cause,
    });
  }
}

async function prepareFiles(machine: Machine, scratch: Scratch): Promise<MachineFiles> {
  const disks: { path: string; format: 'raw' | 'qcow2' }[] = [];
  for (const [index, disk] of machine.disks.entries()) {
    requireImage(disk.path);
    const format = disk.format ?? 'raw';
    if (disk.writeLog !== undefined) writeFileSync(disk.writeLog, '');
    if (disk.snapshot === true) {
      const overlay = scratch.file(`disk${String(index)}.qcow2`);
      await createOverlay(disk.path, format, overlay);
      disks.push({ path: overlay, format: 'qcow2' });
    } else {
      disks.push({ path: resolve(disk.path), format });
    }
  }
  const files = { accelerator: accelerator(), qmpSocket: scratch.file('qmp.sock'), disks };
  if (machine.firmware.kind !== 'uefi') return files;
  const found = findFirmware(machine.architecture, machine.firmware);
  const variables = scratch.file('variables.fd');
  copyFileSync(found.variables, variables);
  return { ...files, firmware: { code: found.code, variables } };
}

interface Connections {
  readonly qmp: QmpClient;
  readonly scratch: Scratch;
  /** File descriptor. */
  readonly logFile: number;
  /** Where the log is, if it stays. */
  readonly logPath: string | undefined;
}

function connect(
  machine: Machine,
  pty: IPty,
  { qmp, scratch, logFile, logPath }: Connections,
): RunningMachine {
  const forget = onProcessEnd(() => killProcess(pty.pid));
  const serial = new SerialSession({
    name: `"${machine.name}"`,
    logPath,
    write: (text) => pty.write(text),
  });
  // Without an encoding node-pty hands over bytes, which its types do not tell.
  pty.onData((piece: string | Uint8Array) => {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    writeSync(logFile, bytes);
    serial.receive(bytes);
  });
  const exited = waitForExit(pty, (exit) => {
    forget();
    closeSync(logFile);
    const how =
      exit.signal === undefined
        ? `exited with status ${String(exit.status)}`
        : `was ended by signal ${String(exit.signal)}`;
    serial.end(`QEMU ${how}`);
    qmp.close(`QEMU ${how}`);
  });
  return new RunningMachine({
    machine,
    pid: pty.pid,
    serial,
    qmp,
    scratch,
    exited: exited.promise,
    kill: () => {
      if (!exited.isOver()) killProcess(pty.pid);
    },
    dispose: () => scratch[Symbol.dispose](),
  });
}

function waitForExit(
  pty: IPty,
  onExit: (exit: ExitStatus) => void,
): { promise: Promise<ExitStatus>; isOver: () => boolean } {
  const { promise, resolve: resolveExit } = Promise.withResolvers<ExitStatus>();
  let over = false;
  pty.onExit(({ exitCode, signal }) => {
    over = true;
    const exit = { status: exitCode, signal: signal === undefined || signal === 0 ? undefined : signal };
    onExit(exit);
    resolveExit(exit);
  });
  return { promise, isOver: () => over };
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}
