/** An option that is not understood ends `npm run prove`, and nothing that was asked for is left out without a word. */
import { UsageError } from '@cocon-os/cli';
import { expect, test } from 'vitest';

import { GEOMETRIES } from './geometries.ts';
import { optionsOf } from './options.ts';
import { jobsOf } from './plan.ts';
import { reportOf } from './report.ts';

test.each([
  ['--jobs', 'two'],
  ['--jobs', '0'],
  ['--seed', 'x'],
  ['--seed', '1.5'],
  ['--volume', 'three slot'],
  ['--only', 'cut'],
  ['--only', 'toString'],
  ['--only', 'states', '--volume', 'three slots'],
  ['--quick', '--volume', 'three slots'],
  ['--quik'],
  ['cuts'],
])('%s %s %s %s is refused', (...args) => {
  expect(() => optionsOf(args)).toThrow(UsageError);
});

test('without options everything is proved', () => {
  expect(optionsOf([])).toMatchObject({ jobs: jobsOf('full', 1), seed: 1, json: false, help: false });
});

test.each(GEOMETRIES)('cuts on $name alone', ({ name }) => {
  const { jobs } = optionsOf(['--only', 'cuts', '--volume', name, '--seed', '7']);
  expect(jobs).toMatchObject([{ kind: 'cuts', geometry: name, depth: { seed: 7 } }]);
});

test('a job without a result is a hole', () => {
  const jobs = jobsOf('quick', 1).slice(0, 2);
  expect(reportOf(jobs, []).holes).toHaveLength(jobs.length);
});
