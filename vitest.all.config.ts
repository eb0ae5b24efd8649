/**
 * `npm run test:all`: proofs that take longer than a run of all tests may, such as kernels with
 * many drivers.
 */
import { defineConfig } from 'vitest/config';

/** An upper bound that only catches a hang; nothing is asserted about time but shares of it. */
const HOURS = 3_600_000;

export default defineConfig({
  test: {
    name: 'all',
    include: ['test/all/**/*.test.ts'],
    // Each takes all processors by itself.
    maxWorkers: 1,
    testTimeout: 4 * HOURS,
    hookTimeout: HOURS,
  },
});
