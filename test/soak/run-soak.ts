/** A soak: some devices, each through its cycles, and what may boot of each. `soak.ts` and `soak.test.ts` run it. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { CoconError } from '@cocon-os/cli';
import { makeScratch, type Scratch } from '@cocon-os/qemu';

import { sealFirstOs } from '../support/first-os.ts';
import { createReleaseKey, makeDisk, ROOT, type ReleaseKey } from '../support/releases.ts';
import { BrickedError } from './bricked-error.ts';
import { runCycle, type CycleResult } from './cycle.ts';
import type { SoakedDevice } from './device.ts';
import { History } from './history.ts';
import { ATTEMPTS, planOf } from './plan.ts';
import { addCycle, emptySummary, pendingCycles, type SoakSummary } from './summary.ts';

/** Serial logs, and the disk of a device that was bricked. */
export const SOAK_LOGS = join(ROOT, 'out/logs/soak');

const FACTORY = '1';
/** More than a volume has slots, so that there is always one that a device does not have. */
const GOOD = ['2', '3', '4', '5', '6'] as const;
const CRASHING = 'crashing';

/** How long, and by what chance. */
export interface SoakOptions {
  readonly cycles: number;
  readonly seed: number;
  /** Devices at a time. */
  readonly jobs: number;
  /** What an earlier run of the same seed came to: its cycles count, and are not done again. */
  readonly before?: SoakSummary;
  /** Called after each cycle, also one that lost its device, with one line about it, and with the counts so far. */
  readonly onCycle: (line: string, summary: SoakSummary) => void;
}

/** Where all devices come from. */
interface Factory {
  readonly key: ReleaseKey;
  readonly artifacts: ReadonlyMap<string, string>;
  readonly disk: string;
  readonly volume: SoakedDevice['volume'];
}

/**
 * Updates devices in a loop and takes their power away. Device `n` of `jobs` has the cycles n, n + jobs, n + 2 jobs … of the
 * seed, but for those that an earlier run has done. Throws `SOAK_BRICKED` at the first device that is lost.
 */
export async function runSoak({
  cycles,
  seed,
  jobs,
  before = emptySummary(seed),
  onCycle,
}: SoakOptions): Promise<SoakSummary> {
  const summary = structuredClone(before);
  mkdirSync(SOAK_LOGS, { recursive: true });
  using scratch = makeScratch('soak');
  const factory = await makeFactory(scratch);
  let stopped = false;
  const soak = async (job: number): Promise<void> => {
    using own = makeScratch(`soak-${job}`);
    const device: SoakedDevice = {
      disk: own.file('system.img'),
      volume: factory.volume,
      trustedKeys: [factory.key.publicKey],
      scratch: own,
      lengths: new Map(),
    };
    copyFileSync(factory.disk, device.disk);
    const history = new History(FACTORY);
    for (const cycle of pendingCycles(before, cycles).filter((each) => each % jobs === job)) {
      if (stopped) return;
      try {
        const { result, version } = await soakOnce(device, factory, history, { seed, cycle, job });
        addCycle(summary, result, { cycle, tried: history.tried, staged: version });
        history.add(result, version);
        const { next } = history.disk;
        onCycle(
          `cycle ${summary.cycles} of ${cycles} (device ${job}): given release ${version}, cut while ${result.phase} ` +
            `after ${(result.milliseconds / 1000).toFixed(0)} s, ` +
            `next boots ${next.version}${next.trial ? ' on trial' : ''}`,
          summary,
        );
      } catch (thrown) {
        stopped = true;
        if (!(thrown instanceof BrickedError)) throw thrown;
        summary.bricks += 1;
        onCycle(`cycle ${cycle} (device ${job}): the device is lost`, summary);
        throw bricked(thrown, device, { seed, cycle, job });
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, job) => soak(job)));
  return summary;
}

interface Place {
  readonly seed: number;
  readonly cycle: number;
  readonly job: number;
}

async function soakOnce(
  device: SoakedDevice,
  { artifacts }: Factory,
  { disk }: History,
  { seed, cycle, job }: Place,
): Promise<{ readonly result: CycleResult; readonly version: string }> {
  const { crashes, pick, cut, losses } = planOf(seed, cycle);
  const absent = GOOD.filter((version) => !disk.present.includes(version));
  const version = crashes ? CRASHING : (absent[Math.floor(pick * absent.length)] ?? CRASHING);
  const log = join(SOAK_LOGS, `device-${job}.log`);
  const result = await runCycle(device, { artifact: artifacts.get(version) ?? '', cut, losses, log });
  return { result, version };
}

function bricked(cause: BrickedError, device: SoakedDevice, { seed, cycle, job }: Place): CoconError {
  const disk = join(SOAK_LOGS, `bricked-${seed}-${cycle}.img`);
  copyFileSync(device.disk, disk);
  return new CoconError(
    'SOAK_BRICKED',
    `A device is lost in cycle ${cycle} of seed ${seed}: ${cause.message}`,
    { cause, hint: `Its disk is ${disk}, its console ${join(SOAK_LOGS, `device-${job}.log`)}.` },
  );
}

async function makeFactory(scratch: Scratch): Promise<Factory> {
  const key = createReleaseKey();
  const artifacts = new Map<string, string>();
  for (const version of [FACTORY, ...GOOD, CRASHING]) {
    const variant = version === CRASHING ? 'crashing-init' : 'standard';
    const options = { version, variant, attempts: ATTEMPTS } as const;
    artifacts.set(version, (await sealFirstOs(scratch.path, key, options)).output);
  }
  const disk = scratch.file('factory.img');
  const { partitions } = await makeDisk([artifacts.get(FACTORY) ?? ''], disk, key);
  const volume = partitions.find(({ role }) => role === 'volume');
  if (volume === undefined) throw new Error('the disk has no volume');
  return { key, artifacts, disk, volume };
}
