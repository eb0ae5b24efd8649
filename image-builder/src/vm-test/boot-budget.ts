/**
 * How long a boot takes next to Debian's on the same machine, turn by turn, by the guests' own clocks: from the kernel's
 * start to our healthy mark, and to the first process of Debian's root file system.
 */
import { defineMachine, startMachine, type MachineOptions } from '@cocon-os/qemu';

import { PEER_REACHED } from './debian-peer.ts';
import { healthySeconds, openShell, untilHealthy } from './device.ts';

const PEER_TIMEOUT_MS = 300_000;

/** Boots of each, in seconds. */
export interface BootTimes {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** The machine that both have but for their disks. */
export const TEST_MACHINE = { memoryMiB: 512, cpus: 1, network: {}, watchdog: 'i6300esb' } as const;

/** Boots both `rounds` times. `logs` is the directory of the consoles. */
export async function measureBoots(
  disks: { readonly ours: readonly string[]; readonly theirs: readonly string[] },
  rounds: number,
  logs: string,
  report: (times: BootTimes) => void,
): Promise<BootTimes> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using our = await start('boot-ours', disks.ours, logs);
    await untilHealthy(our);
    await openShell(our);
    ours.push(await healthySeconds(our));
    await our.kill();
    await using their = await start('boot-debian', disks.theirs, logs);
    const { groups } = await their.serial.expect(PEER_REACHED, { timeoutMs: PEER_TIMEOUT_MS });
    theirs.push(Number(groups[0]));
    await their.kill();
    report({ ours, theirs });
  }
  return { ours, theirs };
}

async function start(name: string, disks: readonly string[], logs: string) {
  const options: MachineOptions = {
    ...TEST_MACHINE,
    name,
    disks: disks.map((path) => ({ path, snapshot: true })),
  };
  return startMachine(defineMachine(options), { log: `${logs}/${name}.log` });
}

/** Median of ours over median of theirs. */
export function bootRatio({ ours, theirs }: BootTimes): number {
  return median(ours) / median(theirs);
}

/** The median of at least one number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined)
    throw new RangeError('Cannot take the median: there is no value');
  return (upper + lower) / 2;
}
