/** What a container may use at most, from the words of the command line to the numbers of control groups. */
import { parseBytes, UsageError } from '@cocon-os/cli';

import type { Resources } from './runtime-spec.ts';

/** Upper bounds as a person writes them; what is left out is not bounded, but for processes. */
export interface LimitTexts {
  readonly memory?: string | undefined;
  readonly cpus?: number | undefined;
  readonly pids?: number | undefined;
}

/** Processes and threads of a container for which nobody gave a number: enough for servers, and no fork bomb. */
export const DEFAULT_PIDS = 512;

/** The kernel's own default period (Documentation/admin-guide/cgroup-v2.rst, cpu.max). */
const PERIOD_MICROSECONDS = 100_000;
/** Below one millisecond in a period the kernel refuses a quota (kernel/sched/core.c, min_cfs_quota_period). */
const MIN_CPUS = 0.01;
const MAX_CPUS = 1024;
/** Less does not hold the runtime's own start. */
const MIN_MEMORY = 4 * 2 ** 20;
/** PID_MAX_LIMIT of 64-bit kernels. */
const MAX_PIDS = 4_194_304;

/** None but those that every program has: null, zero, full, random, urandom, tty and terminals of its own. */
const NO_DEVICES: Resources['devices'] = [{ allow: false, access: 'rwm' }];

/** Control group settings. Throws `UsageError`. */
export function resourcesOf({ memory, cpus, pids = DEFAULT_PIDS }: LimitTexts): Resources {
  if (!Number.isInteger(pids) || pids < 1 || pids > MAX_PIDS) {
    throw new UsageError(
      `Cannot allow ${pids} processes`,
      `Give --pids a whole number from 1 to ${MAX_PIDS}.`,
    );
  }
  return { ...memoryOf(memory), ...cpuOf(cpus), pids: { limit: pids }, devices: NO_DEVICES };
}

function memoryOf(text: string | undefined): Pick<Resources, 'memory'> {
  if (text === undefined) return {};
  const limit = parseBytes(text);
  if (limit < MIN_MEMORY) {
    throw new UsageError(`Cannot allow ${text} of memory: it is too little`, 'Give --memory at least 4MiB.');
  }
  // Memory and swap together: what does not fit does not go to swap, should the device ever have any.
  return { memory: { limit, swap: limit } };
}

function cpuOf(cpus: number | undefined): Pick<Resources, 'cpu'> {
  if (cpus === undefined) return {};
  if (!(cpus >= MIN_CPUS && cpus <= MAX_CPUS)) {
    throw new UsageError(
      `Cannot allow ${cpus} processors`,
      `Give --cpus a number from ${MIN_CPUS} to ${MAX_CPUS}, like 0.5.`,
    );
  }
  return { cpu: { quota: Math.round(cpus * PERIOD_MICROSECONDS), period: PERIOD_MICROSECONDS } };
}
