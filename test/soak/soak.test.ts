/** Fifty cycles of `npm run soak`, and what is drawn for them. */
import { expect, test } from 'vitest';

import { PHASES } from './phases.ts';
import { planOf } from './plan.ts';
import { runSoak } from './run-soak.ts';
import { emptySummary, summaryText } from './summary.ts';

const CYCLES = 50;
const SEED = 1;

test('planOf() draws the same cycle for the same number, and every phase within fifty', () => {
  const plans = Array.from({ length: CYCLES }, (_, cycle) => planOf(SEED, cycle));
  const drawn = plans.map(({ crashes, pick, cut }) => ({ crashes, pick, cut }));
  const again = Array.from({ length: CYCLES }, (_, cycle) => planOf(SEED, cycle));
  expect(again.map(({ crashes, pick, cut }) => ({ crashes, pick, cut }))).toEqual(drawn);
  expect(new Set(drawn.map(({ cut }) => cut.phase))).toEqual(new Set(PHASES));
  expect(drawn.some(({ crashes }) => crashes)).toBe(true);
});

test('runSoak() counts the cycles of an earlier run and does only the rest', async () => {
  const before = { ...emptySummary(SEED), cycles: CYCLES, boots: 7 };
  const options = { cycles: CYCLES, seed: SEED, jobs: 1, before };
  expect(await runSoak({ ...options, onCycle: () => expect.unreachable() })).toEqual(before);
});

test('runSoak(): fifty losses of power during updates cost no device', async () => {
  const summary = await runSoak({
    cycles: CYCLES,
    seed: SEED,
    jobs: 2,
    onCycle: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(summaryText(summary));
  expect(summary).toMatchObject({ cycles: CYCLES, bricks: 0 });
  // It was about something: updates were tried and kept, others given up, and writes were lost.
  expect(Math.min(summary.stages, summary.commits, summary.rollbacks)).toBeGreaterThan(0);
  expect(summary.writes.lost + summary.writes.torn).toBeGreaterThan(0);
});
