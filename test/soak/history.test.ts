/** What a soak says of what a device has started. */
import { expect, test } from 'vitest';

import { BrickedError } from './bricked-error.ts';
import { History } from './history.ts';

const boot = (version: string, trial = false) => ({ slot: 0, version, trial });
const after = { losses: { kept: 0, lost: 0, torn: 0 }, next: { version: '1', trial: false }, present: ['1'] };
const QUIET = { recovering: [], recovered: undefined, updating: [], updated: undefined, after };

test('a cycle may start the old release and the new one', () => {
  const history = new History('1');
  const old = boot('1');
  const next = { version: '2', trial: true };
  history.add(
    {
      recovering: [old, old],
      recovered: old,
      updating: [boot('2', true)],
      updated: undefined,
      after: { ...after, next },
    },
    '2',
  );
  expect(history.tried).toBe('2');
  history.add({ ...QUIET, recovering: [boot('2', true), old], recovered: old }, '3');
  expect(history.tried).toBe(undefined);
});

test.each([
  { ...QUIET, recovering: [boot('2'), boot('1')], recovered: boot('1') },
  { ...QUIET, recovering: [boot('2')] },
  {
    ...QUIET,
    recovering: [boot('1')],
    recovered: boot('1'),
    updating: [boot('3'), boot('2')],
    updated: boot('2'),
  },
  { ...QUIET, after: { ...after, next: { version: '2', trial: false } } },
])('a wrong release is noticed, also one that does not become healthy: %j', (result) => {
  expect(() => new History('1').add(result, '2')).toThrow(BrickedError);
});
