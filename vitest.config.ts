import { defineConfig } from 'vitest/config';

/** Upper bounds that only catch a hang; nothing is asserted about time. */
const MINUTE = 60_000;

export default defineConfig({
  test: {
    // Two: of the tests that take long, most wait for one emulated processor.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{cli,sdfs,updater,image-builder,engine,qemu,native}/test/**/*.test.ts'],
          exclude: ['**/*.slow.test.ts'],
          testTimeout: MINUTE,
          hookTimeout: MINUTE,
        },
      },
      {
        test: {
          name: 'cross',
          include: ['test/{cross,fuzz,repository}/**/*.test.ts'],
          testTimeout: 5 * MINUTE,
          hookTimeout: MINUTE,
        },
      },
      {
        test: {
          name: 'prove',
          include: ['test/prove/**/*.test.ts'],
          testTimeout: 20 * MINUTE,
        },
      },
      {
        test: {
          name: 'slow',
          include: [
            '{cli,sdfs,image-builder,engine,qemu,updater}/test/**/*.slow.test.ts',
            'native/device/test/**/*.test.ts',
          ],
          testTimeout: 20 * MINUTE,
          hookTimeout: 20 * MINUTE,
        },
      },
      {
        test: {
          name: 'boot',
          include: ['test/boot/**/*.test.ts'],
          testTimeout: 20 * MINUTE,
          hookTimeout: 30 * MINUTE,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          testTimeout: 60 * MINUTE,
          // When all others are done: it takes both processors for itself.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
