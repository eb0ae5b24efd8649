/** What a soak has seen so far, added up. */
import { UsageError } from '@cocon-os/cli';
import { z } from 'zod';

import type { CycleResult } from './cycle.ts';
import { PHASES, type Phase } from './phases.ts';

/** Counts over all devices of a soak. */
export interface SoakSummary {
  readonly seed: number;
  /** How many were done. */
  cycles: number;
  /** Numbers of those that were not, though later ones were: devices are not equally fast. */
  missed: readonly number[];
  /** By the phase that the power went in. */
  readonly cuts: Record<Phase, number>;
  /** Kernels that the loader has started. */
  boots: number;
  /** Boots that ended healthy. */
  healthy: number;
  /** Releases that were staged whole. */
  stages: number;
  /** Releases that became healthy in a trial, and so were committed. */
  commits: number;
  /** Trials that ended in another release than the one that was tried. */
  rollbacks: number;
  /** Writes to the volume that no flush had made durable when the power went, by what became of them. */
  readonly writes: Record<'kept' | 'lost' | 'torn', number>;
  /** Milliseconds that machines ran. */
  milliseconds: number;
  bricks: number;
}

export function emptySummary(seed: number): SoakSummary {
  return {
    seed,
    cycles: 0,
    missed: [],
    cuts: Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>,
    boots: 0,
    healthy: 0,
    stages: 0,
    commits: 0,
    rollbacks: 0,
    writes: { kept: 0, lost: 0, torn: 0 },
    milliseconds: 0,
    bricks: 0,
  };
}

/** A summary that a soak wrote. Throws a `ZodError` when it is none. */
export function parseSummary(json: unknown): SoakSummary {
  return summarySchema.parse(json);
}

/** The same, to be continued. Throws a `UsageError` if a device was lost. */
export function summaryToContinue(json: unknown): SoakSummary {
  const summary = parseSummary(json);
  if (summary.bricks > 0)
    throw new UsageError(
      `Cannot continue: the last run, of seed ${summary.seed}, lost a device`,
      'Begin a new run, with another seed or with that one.',
    );
  return summary;
}

/** The first number that no cycle has reached. */
function reached({ cycles, missed }: SoakSummary): number {
  return cycles + missed.length;
}

/** The numbers below `cycles` of those that are not done. */
export function pendingCycles(summary: SoakSummary, cycles: number): readonly number[] {
  const first = reached(summary);
  const ahead = Array.from({ length: Math.max(0, cycles - first) }, (_, index) => first + index);
  return [...summary.missed.filter((cycle) => cycle < cycles), ...ahead];
}

export function markDone(summary: SoakSummary, cycle: number): void {
  const skipped = pendingCycles(summary, Math.max(reached(summary), cycle + 1));
  summary.missed = skipped.filter((each) => each !== cycle);
  summary.cycles += 1;
}

const count = z.int().nonnegative();
const summarySchema = z.strictObject({
  seed: count,
  cycles: count,
  missed: z.array(count),
  cuts: z.record(z.enum(PHASES), count),
  boots: count,
  healthy: count,
  stages: count,
  commits: count,
  rollbacks: count,
  writes: z.strictObject({ kept: count, lost: count, torn: count }),
  milliseconds: count,
  bricks: count,
});

/** Adds the cycle with that number: `tried` is the release that the disk before it had on trial, `staged` the one that it was given. */
export function addCycle(
  summary: SoakSummary,
  result: CycleResult,
  {
    cycle,
    tried,
    staged,
  }: { readonly cycle: number; readonly tried: string | undefined; readonly staged: string },
): void {
  markDone(summary, cycle);
  summary.cuts[result.phase] += 1;
  summary.boots += result.recovering.length + result.updating.length;
  summary.milliseconds += result.milliseconds;
  if (result.staged) summary.stages += 1;
  for (const [fate, writes] of Object.entries(result.after.losses))
    summary.writes[fate as keyof SoakSummary['writes']] += writes;
  for (const { decision, wanted } of [
    { decision: result.recovered, wanted: tried },
    { decision: result.updated, wanted: staged },
  ]) {
    if (decision === undefined) continue;
    summary.healthy += 1;
    if (decision.trial) summary.commits += 1;
    if (wanted !== undefined && decision.version !== wanted) summary.rollbacks += 1;
  }
}

/** For people. */
export function summaryText(summary: SoakSummary): string {
  const { seed, cycles, cuts, boots, healthy, stages, commits, rollbacks, writes, bricks } = summary;
  const rows = Object.entries(cuts).map(([phase, number]) => `  ${String(number).padStart(6)}  ${phase}\n`);
  const seconds = (summary.milliseconds / 1000 / Math.max(1, cycles)).toFixed(1);
  return (
    `${cycles} cycles (seed ${seed}, ${seconds} s each), the power cut while\n${rows.join('')}` +
    `${boots} boots (${healthy} healthy), ${stages} stages, ${commits} commits, ${rollbacks} rollbacks\n` +
    `unflushed writes to the volume: ${writes.lost} lost, ${writes.torn} torn, ${writes.kept} kept\n` +
    `bricks ${bricks}\n`
  );
}
