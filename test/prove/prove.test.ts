/** The quick part of `npm run prove`. */
import { expect, test } from 'vitest';

import type { Job } from './jobs.ts';
import { jobsOf } from './plan.ts';
import { reportOf } from './report.ts';
import { runJobs } from './workers.ts';

const SEED = 1;

async function prove(kind: Job['kind']) {
  const jobs = jobsOf('quick', SEED).filter((job) => job.kind === kind);
  return reportOf(jobs, await runJobs(jobs, 1, () => {}));
}

test('no cut of any operation on any volume breaks a law', async () => {
  const { cuts, holes } = await prove('cuts');
  expect(holes).toEqual([]);
  expect(cuts.states).toBeGreaterThan(10_000);
});

test('no state of the slot protocol breaks a law, trials end, and what is healthy stays up', async () => {
  const { worlds, holes } = await prove('states');
  expect(holes).toEqual([]);
  for (const { trialsEnded, staysUp } of worlds) expect(Math.min(trialsEnded, staysUp)).toBeGreaterThan(0);
});
