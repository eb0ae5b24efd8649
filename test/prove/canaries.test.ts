/** The planted faults of `npm run prove`: a proof that does not notice them proves nothing. */
import { expect, test } from 'vitest';

import { CANARIES } from './canaries.ts';
import { CANARY_NAMES, proveCanary } from './prove-canaries.ts';
import { STATE_CANARIES } from './states/canaries.ts';
import { LAWS } from './violation.ts';

test.each(CANARY_NAMES)('the proof notices that %s', (name) => {
  const { law, caughtBy, seen } = proveCanary(name, 1);
  expect({ caughtBy, seen }).toMatchObject({ caughtBy: law });
});

test('each law has a planted fault that it catches', () => {
  const laws = [...CANARIES, ...STATE_CANARIES].map(({ law }) => String(law));
  expect(new Set(laws)).toEqual(new Set(Object.keys(LAWS)));
});
