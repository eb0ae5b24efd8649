/** What is counted is what it is called. */
import { expect, test } from 'vitest';

import { cutStates } from './cuts.ts';
import { examine } from './examine.ts';
import { GEOMETRIES, type Geometry } from './geometries.ts';
import { OPERATIONS, prepared, type Operation } from './operations.ts';
import { seededRandom } from './random.ts';
import { SimulatedDisk, type Step } from './simulated-disk.ts';
import { StateSet } from './state-set.ts';
import { emptyTally } from './tally.ts';

const DEPTH = { seed: 1, allSubsetsUpTo: 2 } as const;
const SMALLEST = GEOMETRIES.find(({ spareGroups }) => spareGroups === 0) ?? expect.unreachable();

function operation(name: string): Operation {
  return OPERATIONS.find((each) => each.name === name) ?? expect.unreachable(`no operation ${name}`);
}

function stepsOf(each: Operation, geometry: Geometry): readonly Step[] {
  const disk = new SimulatedDisk(prepared(each, geometry), geometry.sectorSize);
  each.run(disk, geometry);
  return disk.steps;
}

/** Adds the disks of all cuts to a set. */
function cut(each: Operation, geometry: Geometry, into: readonly StateSet[]): void {
  const options = { ...geometry, ...DEPTH, random };
  for (const { blocks } of cutStates(prepared(each, geometry), stepsOf(each, geometry), options))
    for (const set of into) set.add(blocks);
}
const random = seededRandom(1);

test('garbage makes no two disks of one: the same cuts a second time leave nothing new', () => {
  const set = new StateSet();
  cut(operation('mkfs over an older volume'), SMALLEST, [set]);
  const { size } = set;
  cut(operation('mkfs over an older volume'), SMALLEST, [set]);
  expect(set.size).toBe(size);
});

test('no two volumes have a disk in common, not even one that was wiped', () => {
  const all = new StateSet();
  let sum = 0;
  for (const geometry of GEOMETRIES) {
    const own = new StateSet();
    cut(operation('mkfs over an older volume'), geometry, [own, all]);
    sum += own.size;
  }
  expect(all.size).toBe(sum);
});

test.each(OPERATIONS.filter(({ name, slots }) => slots === 2 && !name.includes('stage')))(
  'each disk that a cut of $name leaves is repeated on, and no check is left to chance',
  (each) => {
    const disks = new StateSet();
    cut(each, SMALLEST, [disks]);
    const tally = emptyTally();
    examine(each, SMALLEST, new StateSet(), tally, { ...DEPTH, cutAgainEvery: Infinity });
    expect(tally.more.repetitions).toBe(disks.size);
    expect(Object.entries(tally.more).filter(([, number]) => number === 0)).toEqual([]);
    const { 4: confirmedBoots, 7: geometry, 10: features } = tally.laws;
    // A trial that boots before and after has no confirmed boot.
    const least = each.after === 1 ? 1 : 0;
    expect(confirmedBoots).toBeGreaterThanOrEqual(least);
    expect(Math.min(geometry ?? 0, features ?? 0)).toBeGreaterThan(0);
  },
);

test('an erase group is lost behind the first that a write goes to', () => {
  const each = operation('stage of a release of two erase groups');
  const geometry = GEOMETRIES.find(({ name }) => each.volumes?.includes(name)) ?? expect.unreachable();
  const start = prepared(each, geometry);
  const lost = [
    ...cutStates(start, stepsOf(each, geometry), { ...geometry, seed: 1, random, allSubsetsUpTo: 0 }),
  ]
    .filter(({ kind }) => kind === 'group lost')
    .map(({ blocks }) =>
      blocks.findIndex((block, at) => block !== start[at] && block?.every((byte) => byte === 0xff)),
    );
  const { groupBlocks } = geometry;
  const data = [...new Set(lost)].filter((block) => block >= 3 * groupBlocks && block % groupBlocks === 0);
  expect(data).toHaveLength(2);
});
