/** What the proof consists of: jobs that have nothing to do with each other, so that each can have a thread of its own. */
import { examine } from './examine.ts';
import { GEOMETRIES } from './geometries.ts';
import { operationsOn } from './operations.ts';
import { proveCanary, type CanaryResult } from './prove-canaries.ts';
import { StateSet } from './state-set.ts';
import { explore, type StateReport, type WorldSize } from './states/explore.ts';
import { emptyTally, type Tally } from './tally.ts';

/** How far the cut tests go. */
export interface CutDepth {
  readonly seed: number;
  /** Pending writes up to which every subset is tried. */
  readonly allSubsetsUpTo: number;
  /** Of disks alike in their records, every so many are cut again while the operation is repeated on them. */
  readonly cutAgainEvery: number;
}

export type Job =
  | { readonly kind: 'cuts'; readonly geometry: string; readonly depth: CutDepth }
  | { readonly kind: 'states'; readonly size: WorldSize }
  | { readonly kind: 'canary'; readonly name: string; readonly seed: number };

export type JobResult =
  | { readonly kind: 'cuts'; readonly tally: Tally }
  | { readonly kind: 'states'; readonly report: StateReport }
  | { readonly kind: 'canary'; readonly result: CanaryResult };

/** Does a job. `onProgress` hears how many states it has seen. Throws the first violation. */
export function perform(job: Job, onProgress: (states: number) => void): JobResult {
  switch (job.kind) {
    case 'cuts':
      return { kind: 'cuts', tally: proveGeometry(job.geometry, job.depth, onProgress) };
    case 'states':
      return { kind: 'states', report: explore(job.size, { onProgress }) };
    case 'canary':
      return { kind: 'canary', result: proveCanary(job.name, job.seed) };
  }
}

/** All operations on one volume. What is distinct is told within the volume; its UUID, on every disk of it, sets it apart from the others. */
function proveGeometry(name: string, depth: CutDepth, onProgress: (states: number) => void): Tally {
  const geometry = GEOMETRIES.find((each) => each.name === name);
  if (geometry === undefined) throw new Error(`no volume is called "${name}"`);
  const operations = operationsOn(geometry);
  const tally = emptyTally({ operations: operations.map((each) => each.name), geometries: [name] });
  const seen = new StateSet();
  for (const operation of operations) {
    examine(operation, geometry, seen, tally, { ...depth, onProgress });
  }
  return tally;
}
