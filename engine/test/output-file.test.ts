/** What is said of files that a person has named and that cannot be written. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { outputFailed, writeOutput } from '../src/output-file.ts';
import { errorOf, scratchDirectory } from './support.ts';

test('writeOutput() tells a full disk from a place that is none', async () => {
  const full = await errorOf(writeOutput('/dev/full', 'text'));
  expect([full.code, full.hint]).toEqual(['DISK_FULL', expect.stringContaining('Make room')]);
  const missing = await errorOf(writeOutput(join(await scratchDirectory(), 'a/b'), 'text'));
  expect([missing.code, missing.hint]).toEqual(['OUTPUT_FAILED', expect.stringContaining('that is there')]);
});

test('outputFailed() takes a used-up quota for a full disk', () => {
  const cause = Object.assign(new Error('EDQUOT: disk quota exceeded, write'), { code: 'EDQUOT' });
  expect(outputFailed('/srv/image', cause).code).toBe('DISK_FULL');
});
