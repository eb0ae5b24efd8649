/** A device that runs the first OS: what tests say to it between boot and shutdown. */
import type { CommandResult, Found, RunningMachine } from '@cocon-os/qemu';
import { statusSchema, type StatusReport } from '@cocon-os/updater/status-schema';

const BOOT_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 900_000;

/** The loader's line about the slot that it starts: slot, release, and how it is started. */
const DECISION = /cocon: slot (\d+): (.+), (confirmed|trial \d+ of \d+)/;
const PROMPT = 'cocon# ';

/** What the loader starts. */
export interface Decision {
  readonly slot: number;
  readonly version: string;
  readonly trial: boolean;
}

/** The guest of a machine. */
export class Guest {
  readonly #machine: RunningMachine;

  constructor(machine: RunningMachine) {
    this.#machine = machine;
  }

  /** Waits for a word that may come after kernels have panicked. */
  async sawDespitePanics(pattern: RegExp | string | readonly string[]): Promise<Found> {
    return await this.#machine.serial.expect(pattern, { timeoutMs: BOOT_TIMEOUT_MS, failOn: [] });
  }

  /** Waits through one boot until the health checks have passed and the shell listens. */
  async booted(): Promise<{ readonly slot: number; readonly how: string }> {
    const { groups } = await this.saw(DECISION);
    await this.saw('cocon: healthy');
    await this.shell();
    return { slot: Number(groups[0]), how: groups[2] ?? '' };
  }

  /** Waits until the loader starts something. */
  async decision(): Promise<Decision> {
    const { groups } = await this.sawDespitePanics(DECISION);
    const [slot = '', release = '', how = ''] = groups;
    return { slot: Number(slot), version: release.split(' ').at(-1) ?? '', trial: how !== 'confirmed' };
  }

  /** Waits for the end of a boot: its health checks have passed, or the firmware starts anew. */
  async outcome(): Promise<'healthy' | 'reset'> {
    const { index } = await this.sawDespitePanics(['cocon: healthy', 'BdsDxe: loading']);
    return index === 0 ? 'healthy' : 'reset';
  }

  /** Makes the shell listen, once the boot is over. */
  async shell(): Promise<void> {
    this.#machine.serial.send('\r');
    await this.saw(PROMPT);
    await this.run('dmesg -n 1');
  }

  async saw(pattern: RegExp | string): Promise<Found> {
    return await this.#machine.serial.expect(pattern, { timeoutMs: BOOT_TIMEOUT_MS });
  }

  /** Runs a command in the shell. */
  async run(command: string): Promise<CommandResult> {
    return await this.#machine.serial.run(command, { timeoutMs: COMMAND_TIMEOUT_MS });
  }

  /** Waits until a DHCP server has answered. */
  async online(): Promise<void> {
    await this.run('until ip route | grep -q default; do sleep 1; done');
  }

  async status(): Promise<StatusReport> {
    const { output } = await this.run('cocon-update status --json 2>/dev/null');
    return statusSchema.parse(JSON.parse(output));
  }

  /** Restarts by the guest's own init. */
  reboot(): void {
    this.#machine.serial.sendLine('reboot');
  }

  /** Switches off by the guest's own init, and waits until QEMU has ended. */
  async shutDown(): Promise<void> {
    this.#machine.serial.sendLine('poweroff');
    await this.#machine.waitForExit({ timeoutMs: BOOT_TIMEOUT_MS });
  }
}
