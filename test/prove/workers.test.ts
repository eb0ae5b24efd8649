/** The threads of a proof. */
import { expect, test } from 'vitest';

import type { Job } from './jobs.ts';
import { runJobs } from './workers.ts';

test('the first violation ends all threads, and no other job begins', async () => {
  const bad: Job = { kind: 'canary', name: 'none such', seed: 1 };
  // Each would take minutes.
  const world: Job = {
    kind: 'states',
    size: { slots: 4, attempts: 3, freeShutdowns: 0, releases: 3, damages: ['kernel'] },
  };
  const threads = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'MessagePort').length;
  const before = threads();
  await expect(runJobs([bad, world, world], 2, () => {})).rejects.toThrow('none such');
  expect(threads()).toBe(before);
});
