/** What a soak keeps of its cycles when it is ended. */
import { CoconError } from '@cocon-os/cli';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { emptySummary, markDone, parseSummary, pendingCycles, summaryToContinue } from './summary.ts';

test('parseSummary() reads what a soak wrote, and nothing else', () => {
  const summary = { ...emptySummary(1), missed: [3] };
  expect(parseSummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  for (const bad of [null, {}, { ...summary, bricks: -1 }, { ...summary, cuts: {} }, { ...summary, more: 1 }])
    expect(() => parseSummary(bad)).toThrow(z.ZodError);
});

test('each cycle is done once, however the devices were apart when a run was ended', () => {
  const summary = emptySummary(1);
  // Of two devices one is two cycles ahead.
  for (const cycle of [0, 1, 2, 4, 6]) markDone(summary, cycle);
  expect(pendingCycles(summary, 9)).toEqual([3, 5, 7, 8]);
  for (const cycle of [7, 3]) markDone(summary, cycle);
  expect(pendingCycles(parseSummary(JSON.parse(JSON.stringify(summary))), 9)).toEqual([5, 8]);
  for (const cycle of [8, 5]) markDone(summary, cycle);
  expect(summary).toMatchObject({ cycles: 9, missed: [] });
});

test('a run that lost a device is not continued', () => {
  const summary = emptySummary(1);
  expect(summaryToContinue(summary)).toEqual(summary);
  expect(() => summaryToContinue({ ...summary, bricks: 1 })).toThrow(CoconError);
});
