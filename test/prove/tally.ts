/** What a proof has looked at, by class; a class that was never met is a hole in the proof. */
import { CUT_KINDS } from './cuts.ts';
import type { DISK_FAULTS } from './simulated-disk.ts';
import { LAWS } from './violation.ts';

/** Counts by name. */
export type Counts = Record<string, number>;

export interface Tally {
  /** Disks that were examined, each once. */
  states: number;
  /** By law: the disks on which there was something to check. */
  readonly laws: Counts;
  readonly operations: Counts;
  readonly geometries: Counts;
  readonly cuts: Counts;
  /** Operations repeated after a cut, and cut again while they were, and on disks that fail. */
  readonly more: Record<'repetitions' | 'second cuts' | (typeof DISK_FAULTS)[number], number>;
}

/** Nothing looked at yet, of the operations and volumes that are to be. */
export function emptyTally({
  operations = [],
  geometries = [],
}: { readonly operations?: readonly string[]; readonly geometries?: readonly string[] } = {}): Tally {
  return {
    states: 0,
    laws: noneOf(Object.keys(LAWS)),
    operations: noneOf(operations),
    geometries: noneOf(geometries),
    cuts: noneOf(CUT_KINDS),
    more: {
      repetitions: 0,
      'second cuts': 0,
      'failing writes': 0,
      'garbled writes': 0,
      'failing flushes': 0,
      'losing flushes': 0,
      'read-only disks': 0,
    },
  };
}

/** A count of zero for each name. */
export function noneOf(names: readonly (string | number)[]): Counts {
  return Object.fromEntries(names.map((name) => [name, 0]));
}

export function count(counts: Counts, name: string | number): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Adds one tally to another. */
export function addTally(sum: Tally, more: Tally): void {
  sum.states += more.states;
  for (const group of ['laws', 'operations', 'geometries', 'cuts', 'more'] as const) {
    const into: Counts = sum[group];
    for (const [name, value] of Object.entries(more[group])) into[name] = (into[name] ?? 0) + value;
  }
}

/** The classes that nothing was found in. */
export function holesIn(tally: Tally): readonly string[] {
  return (['laws', 'operations', 'geometries', 'cuts', 'more'] as const).flatMap((group) =>
    Object.entries(tally[group])
      .filter(([, value]) => value === 0)
      .map(([name]) => `${group}: ${name}`),
  );
}
