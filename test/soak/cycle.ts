/**
 * One cycle of a soak: a device boots from what the last loss of power has left, stages a release and reboots into it, until
 * QEMU is killed at some moment.
 */
import { copyImage, defineMachine, fileDisk, startMachine, type RunningMachine } from '@cocon-os/qemu';

import { Guest, type Decision } from '../boot/guest.ts';
import { BrickedError } from './bricked-error.ts';
import { cutPower, type DiskAfterCut } from './cut-power.ts';
import type { SoakedDevice } from './device.ts';
import type { Phase } from './phases.ts';
import { PowerSwitch } from './power-switch.ts';
import type { Cut } from './plan.ts';
import type { Random } from '../prove/random.ts';

/** Boots in a row after which a device that has not become healthy never will: every slot's attempts, and some. */
const MOST_BOOTS = 12;

/** What a cycle is given. */
export interface CycleOptions {
  /** The artifact that is staged. */
  readonly artifact: string;
  readonly cut: Cut;
  readonly losses: Random;
  /** For the serial console. */
  readonly log: string;
}

/** What a cycle came to. */
export interface CycleResult {
  /** Where the power went. */
  readonly phase: Phase;
  /** From switching on to the cut. */
  readonly milliseconds: number;
  /** The kernels that were started out of what was left. */
  readonly recovering: readonly Decision[];
  /** The last of them, if it came to be healthy. */
  readonly recovered: Decision | undefined;
  /** Whether a release was put on trial. */
  readonly staged: boolean;
  /** The kernels that were started after the stage. */
  readonly updating: readonly Decision[];
  /** The last of them, if it came to be healthy. */
  readonly updated: Decision | undefined;
  readonly after: DiskAfterCut;
}

/** Runs a cycle; `device.disk` is afterwards what the cut has left. Throws {@link BrickedError}. */
export async function runCycle(device: SoakedDevice, options: CycleOptions): Promise<CycleResult> {
  const { scratch, disk, lengths } = device;
  const writeLog = scratch.file('writes.log');
  const start = scratch.file('start.img');
  await copyImage(disk, start);
  const began = Date.now();
  using power = new PowerSwitch(options.cut, lengths, writeLog);
  const story = new Story(power);
  {
    await using machine = await startMachine(
      defineMachine({
        name: 'soak',
        memoryMiB: 256,
        disks: [{ path: disk, writeLog }, fileDisk(options.artifact)],
        watchdog: 'i6300esb',
      }),
      { log: options.log },
    );
    const told = story.tell(machine);
    try {
      await Promise.race([told, power.off]);
    } catch (thrown) {
      if (thrown instanceof BrickedError) throw thrown;
      throw new BrickedError(`it does not come back, see ${options.log}`, { cause: thrown });
    } finally {
      await machine.kill();
      // It was waiting for a machine that is gone.
      await told.catch(() => {});
    }
  }
  const milliseconds = Date.now() - began;
  const after = await cutPower(device, start, writeLog, options.losses);
  const { recovering, recovered, staged, updating, updated } = story;
  return { phase: power.phase, milliseconds, recovering, recovered, staged, updating, updated, after };
}

/** What a device does when nobody takes its power away. */
class Story {
  readonly #power: PowerSwitch;
  readonly recovering: Decision[] = [];
  readonly updating: Decision[] = [];
  recovered: Decision | undefined;
  staged = false;
  updated: Decision | undefined;

  constructor(power: PowerSwitch) {
    this.#power = power;
  }

  async tell(machine: RunningMachine): Promise<void> {
    const guest = new Guest(machine);
    this.recovered = await this.#boot(guest, 'recovering');
    await guest.shell();
    this.#power.enter('staging');
    const { output, status } = await guest.run('cocon-update stage /dev/vdb --force --progress none');
    if (status !== 0) throw new BrickedError(`it takes no update:\n${output}`);
    this.staged = true;
    this.#power.enter('shutting down');
    guest.reboot();
    await guest.sawDespitePanics(/BdsDxe: loading/);
    this.updated = await this.#boot(guest, 'updating');
    this.#power.enter('running');
    if (this.#power.isArmed) await this.#power.off;
  }

  /** Through as many kernels as it takes. */
  async #boot(guest: Guest, during: 'recovering' | 'updating'): Promise<Decision> {
    for (let boot = 0; boot < MOST_BOOTS; boot += 1) {
      this.#power.enter(`${during}: firmware and loader`);
      const decision = await guest.decision();
      this[during].push(decision);
      this.#power.enter(`${during}: kernel and user space`);
      if ((await guest.outcome()) === 'healthy') return decision;
    }
    throw new BrickedError(`it is not healthy after ${MOST_BOOTS} boots`);
  }
}
