/** The planted faults of `npm run prove`: a proof that does not notice them proves nothing. */
import { expect, test } from 'vitest';

import { CANARY_NAMES, proveCanary } from './prove-canaries.ts';

test.each(CANARY_NAMES)('the proof notices that %s', (name) => {
  expect(proveCanary(name, 1).caughtBy).toBeDefined();
});
