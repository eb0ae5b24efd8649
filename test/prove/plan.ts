/** How far a proof goes: the volumes that are cut, the worlds that are walked through, the faults that are planted. */
import { GEOMETRIES } from './geometries.ts';
import type { CutDepth, Job } from './jobs.ts';
import { CANARY_NAMES } from './prove-canaries.ts';
import type { WorldSize } from './states/explore.ts';

/** `quick` is what `npm test` runs. */
export type Extent = 'quick' | 'full';

const DEPTH: Readonly<Record<Extent, Omit<CutDepth, 'seed'>>> = {
  quick: { allSubsetsUpTo: 2, cutAgainEvery: 100 },
  full: { allSubsetsUpTo: 10, cutAgainEvery: 39 },
};

/** Of the volumes, those that are cut. */
const VOLUMES: Readonly<Record<Extent, readonly string[]>> = {
  quick: ['two slots, the smallest volume', 'sectors of 4096 bytes', 'sequence before its wrap'],
  full: GEOMETRIES.map(({ name }) => name),
};

const WORLDS: Readonly<Record<Extent, readonly WorldSize[]>> = {
  quick: [
    { slots: 2, attempts: 1, freeShutdowns: 0, releases: 2, damages: ['kernel'] },
    { slots: 2, attempts: 2, freeShutdowns: 1, releases: 1, damages: ['kernel'] },
  ],
  full: [
    { slots: 3, attempts: 1, freeShutdowns: 0, releases: 2, damages: ['kernel'] },
    { slots: 2, attempts: 3, freeShutdowns: 0, releases: 2, damages: ['kernel'] },
    { slots: 2, attempts: 2, freeShutdowns: 0, releases: 2, damages: ['descriptor', 'kernel'] },
    { slots: 2, attempts: 1, freeShutdowns: 0, releases: 2, damages: ['descriptor', 'kernel'] },
    { slots: 2, attempts: 1, freeShutdowns: 1, releases: 2, damages: [] },
    { slots: 2, attempts: 2, freeShutdowns: 2, releases: 1, damages: ['kernel'] },
    { slots: 4, attempts: 1, freeShutdowns: 0, releases: 1, damages: ['kernel'] },
  ],
};

/** The jobs of a proof, the longest first. */
export function jobsOf(extent: Extent, seed: number): readonly Job[] {
  const depth = { seed, ...DEPTH[extent] };
  return [
    ...VOLUMES[extent].map((geometry): Job => ({ kind: 'cuts', geometry, depth })),
    ...WORLDS[extent].map((size): Job => ({ kind: 'states', size })),
    ...CANARY_NAMES.map((name): Job => ({ kind: 'canary', name, seed })),
  ];
}
