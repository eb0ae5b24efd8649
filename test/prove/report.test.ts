/** What the proof calls a hole: a class of which nothing was checked. */
import { expect, test } from 'vitest';

import { GEOMETRIES } from './geometries.ts';
import type { JobResult } from './jobs.ts';
import { OPERATIONS, operationsOn } from './operations.ts';
import { jobsOf, type Extent } from './plan.ts';
import { reportOf, type ProofReport } from './report.ts';
import type { StateReport } from './states/explore.ts';
import { emptyTally, holesIn } from './tally.ts';
import { LAWS } from './violation.ts';

const WORLD: StateReport = {
  slots: 2,
  attempts: 1,
  freeShutdowns: 1,
  releases: 1,
  damages: [],
  states: 1,
  transitions: 1,
  events: { boot: 1 },
  laws: { 3: 1 },
  trialsEnded: 1,
  staysUp: 1,
};

function resultsOf(...results: readonly JobResult[]): ProofReport {
  return reportOf([], results);
}

function holesWith(world: Partial<StateReport>): readonly string[] {
  return resultsOf({ kind: 'states', report: { ...WORLD, ...world } }).holes;
}

test('an operation and a volume of which no disk was examined are holes', () => {
  const holes = holesIn(emptyTally({ operations: ['commit'], geometries: ['three slots'] }));
  expect(holes).toEqual(expect.arrayContaining(['operations: commit', 'geometries: three slots']));
});

test('cuts that left no disk are holes of every law', () => {
  const { holes } = resultsOf({ kind: 'cuts', tally: emptyTally() });
  for (const law of Object.keys(LAWS)) expect(holes).toContain(`nothing was checked for laws: ${law}`);
});

test('a part of the proof that was not asked for is none', () => {
  expect(resultsOf().holes).toEqual([]);
  expect(holesWith({})).toEqual([]);
});

test.each([{ laws: { 3: 0 } }, { events: { boot: 0 } }, { trialsEnded: 0 }, { staysUp: 0 }])(
  'a world with %o is a hole',
  (world) => {
    expect(holesWith(world)).toHaveLength(1);
  },
);

test.each([{ caughtBy: undefined }, { caughtBy: 2 as const }])(
  'a planted fault of law 1 that is %o is a hole',
  (how) => {
    const canary = { name: 'a fault', law: 1, seen: '' } as const;
    expect(resultsOf({ kind: 'canary', result: { ...canary, ...how } }).holes).toHaveLength(1);
    expect(resultsOf({ kind: 'canary', result: { ...canary, caughtBy: 1 } }).holes).toEqual([]);
  },
);

test.each<Extent>(['quick', 'full'])('every operation is cut on some volume of the %s proof', (extent) => {
  const volumes = jobsOf(extent, 1).flatMap((job) => (job.kind === 'cuts' ? [job.geometry] : []));
  const cut = GEOMETRIES.filter(({ name }) => volumes.includes(name)).flatMap(operationsOn);
  expect(new Set(cut)).toEqual(new Set(OPERATIONS));
});
