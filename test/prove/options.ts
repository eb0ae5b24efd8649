/** The options of `npm run prove`, and the jobs that they ask for. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { messageOf, UsageError } from '@cocon-os/cli';

import { wholeNumber } from '../support/whole-number.ts';
import { GEOMETRIES } from './geometries.ts';
import type { Job } from './jobs.ts';
import { jobsOf } from './plan.ts';

/** What is to be proved, and how. */
export interface ProveOptions {
  /** At least one. */
  readonly jobs: readonly Job[];
  readonly seed: number;
  readonly threads: number;
  readonly json: boolean;
  readonly help: boolean;
}

const PARTS = { cuts: 'cuts', states: 'states', canaries: 'canary' } as const;

/** Throws a `UsageError` for whatever would leave out what was asked for. */
export function optionsOf(args: readonly string[]): ProveOptions {
  const { quick, only, volume, seed: seedText, jobs: threads, json, help } = parsed(args);
  const unknown = only.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined)
    throw new UsageError(
      `Cannot take "${unknown}" for --only: it is one of ${Object.keys(PARTS).join(', ')}`,
    );
  if (volume !== undefined && GEOMETRIES.every(({ name }) => name !== volume)) {
    const names = GEOMETRIES.map(({ name }) => `"${name}"`).join(', ');
    throw new UsageError(`Cannot take "${volume}" for --volume: it is one of ${names}`);
  }
  const seed = wholeNumber(seedText, 'seed');
  const kinds = Object.entries(PARTS).flatMap(([part, kind]) =>
    only.length === 0 || only.includes(part) ? [kind] : [],
  );
  const jobs = jobsOf(quick ? 'quick' : 'full', seed).filter(
    (job) =>
      kinds.includes(job.kind) && (job.kind !== 'cuts' || volume === undefined || job.geometry === volume),
  );
  if (volume !== undefined && jobs.every(({ kind }) => kind !== 'cuts'))
    throw new UsageError(`Cannot cut on "${volume}": ${quick ? '--quick' : '--only'} leaves it out`);
  return { jobs, seed, threads: wholeNumber(threads, 'jobs'), json, help };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        volume: { type: 'string' },
        seed: { type: 'string', default: '1' },
        jobs: { type: 'string', default: String(availableParallelism()) },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (thrown) {
    throw new UsageError(messageOf(thrown));
  }
}
