/** The device of the demo: one machine that lives through all of its reboots, and what the demo asks of it. */
import {
  defineMachine,
  fileDisk,
  serveFiles,
  startMachine,
  type CommandResult,
  type FileServer,
  type RunningMachine,
} from '@cocon-os/qemu';
import { statusSchema, type StatusReport } from '@cocon-os/updater/status-schema';

/** What `cocon-update status --json` says. */
export type DeviceStatus = StatusReport;

const BOOT_TIMEOUT_MS = 300_000;
const STAGE_TIMEOUT_MS = 300_000;

/** A running device. */
export class Device implements AsyncDisposable {
  readonly #machine: RunningMachine;
  readonly #server: FileServer;

  private constructor(machine: RunningMachine, server: FileServer) {
    this.#machine = machine;
    this.#server = server;
  }

  /**
   * Switches the device on.
   *
   * @param disk its disk image; written to
   * @param handover a file that it finds as its second disk
   * @param shared the directory that it can fetch from
   */
  static async start(disk: string, handover: string, shared: string, log: string): Promise<Device> {
    const server = await serveFiles(shared);
    const machine = defineMachine({
      name: 'demo device',
      memoryMiB: 256,
      disks: [{ path: disk }, fileDisk(handover)],
      network: {},
    });
    return new Device(await startMachine(machine, { log }), server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /** Waits for `pattern` on the console and returns what was found. A kernel panic is no failure here. */
  async saw(pattern: RegExp | string): Promise<string> {
    return (await this.#machine.serial.expect(pattern, { timeoutMs: BOOT_TIMEOUT_MS, failOn: [] })).text;
  }

  /** Waits until the health checks have passed and the shell listens. Returns the loader's decision. */
  async booted(): Promise<string> {
    const { serial } = this.#machine;
    const decision = await this.saw(/cocon: slot \d+: \S+ \S+, (?:confirmed|trial \d of \d)/);
    await serial.expect('cocon: healthy', { timeoutMs: BOOT_TIMEOUT_MS });
    serial.send('\r');
    await serial.expect('# ', { timeoutMs: BOOT_TIMEOUT_MS });
    await this.run('dmesg -n 1');
    return decision.replace('cocon: ', '');
  }

  /** Runs a command in the device's shell. */
  async run(command: string): Promise<CommandResult> {
    return await this.#machine.serial.run(command, { timeoutMs: STAGE_TIMEOUT_MS });
  }

  /** Runs a command that has to end well, and returns what it printed. */
  async must(command: string): Promise<string> {
    const { output, status } = await this.run(command);
    if (status !== 0) throw new Error(`"${command}" ended with status ${String(status)}:\n${output}`);
    return output;
  }

  /** Asks for a reboot; what comes next is on the console. */
  reboot(): void {
    this.#machine.serial.sendLine('reboot');
  }

  /** The URL at which the device finds a file of the shared directory. */
  url(file: string): string {
    return this.#server.guestUrl(file);
  }

  async status(): Promise<DeviceStatus> {
    const output = await this.must('cocon-update status --json 2>/dev/null');
    return statusSchema.parse(JSON.parse(output));
  }

  /** Bytes read and written on the disk so far. */
  async diskStatistics(): Promise<{ readonly written: number }> {
    return { written: (await this.#machine.diskStatistics(0)).wr_bytes };
  }
}
