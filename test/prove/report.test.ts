/** What the proof calls a hole: a class of which nothing was checked. */
import { expect, test } from 'vitest';

import { GEOMETRIES } from './geometries.ts';
import { OPERATIONS } from './operations.ts';
import { jobsOf, type Extent } from './plan.ts';
import { reportOf } from './report.ts';
import type { StateReport } from './states/explore.ts';
import { emptyTally, holesIn } from './tally.ts';
import { LAWS } from './violation.ts';

const WORLD: StateReport = {
  slots: 2,
  attempts: 1,
  releases: 1,
  damages: [],
  states: 1,
  transitions: 1,
  complete: true,
  events: { boot: 1 },
  laws: { 3: 1 },
  trialsEnded: 1,
  staysUp: 1,
};

function holesWith(world: Partial<StateReport>): readonly string[] {
  return reportOf([{ kind: 'states', report: { ...WORLD, ...world } }]).holes;
}

test('an operation and a volume of which no disk was examined are holes', () => {
  const holes = holesIn(emptyTally({ operations: ['commit'], geometries: ['three slots'] }));
  expect(holes).toEqual(expect.arrayContaining(['operations: commit', 'geometries: three slots']));
});

test('cuts that left no disk are holes of every law', () => {
  const { holes } = reportOf([{ kind: 'cuts', tally: emptyTally() }]);
  for (const law of Object.keys(LAWS)) expect(holes).toContain(`nothing was checked for laws: ${law}`);
});

test('a part of the proof that was not asked for is none', () => {
  expect(reportOf([]).holes).toEqual([]);
  expect(holesWith({})).toEqual([]);
});

test.each([
  { laws: { 3: 0 } },
  { events: { boot: 0 } },
  { trialsEnded: 0 },
  { staysUp: 0 },
  { complete: false },
])('a world with %o is a hole', (world) => {
  expect(holesWith(world)).toHaveLength(1);
});

test.each<Extent>(['quick', 'full'])('every operation is cut on some volume of the %s proof', (extent) => {
  const volumes = jobsOf(extent, 1).flatMap((job) => (job.kind === 'cuts' ? [job.geometry] : []));
  const slots = GEOMETRIES.filter(({ name }) => volumes.includes(name)).map((each) => each.slots);
  for (const { name, slots: least } of OPERATIONS)
    expect({ name, slots: Math.max(...slots) }).toEqual({
      name,
      slots: expect.toSatisfy((n: number) => n >= least),
    });
});
