/** Plants a canary and runs the proof on it: a canary that lives on is a hole in the proof. */
import { CANARIES, type Canary } from './canaries.ts';
import { examine } from './examine.ts';
import { GEOMETRIES } from './geometries.ts';
import { OPERATIONS } from './operations.ts';
import { StateSet } from './state-set.ts';
import { STATE_CANARIES, type StateCanary } from './states/canaries.ts';
import { explore } from './states/explore.ts';
import { emptyTally } from './tally.ts';
import { Violation, type LawNumber } from './violation.ts';

/** How a canary fared. */
export interface CanaryResult {
  readonly name: string;
  /** The law that has to catch it. */
  readonly law: LawNumber;
  /** The law that caught it; undefined when none did. */
  readonly caughtBy: LawNumber | undefined;
  /** What the proof said. */
  readonly seen: string;
}

/** The names of all of them. */
export const CANARY_NAMES: readonly string[] = [...CANARIES, ...STATE_CANARIES].map(({ name }) => name);

/** Plants the canary of that name. `seed` is for what the cut tests draw at random. */
export function proveCanary(name: string, seed: number): CanaryResult {
  const cut = CANARIES.find((each) => each.name === name);
  const state = STATE_CANARIES.find((each) => each.name === name);
  const law = (cut ?? state)?.law;
  if (law === undefined) throw new Error(`no canary is called "${name}"`);
  try {
    if (cut !== undefined) cutWith(cut, seed);
    if (state !== undefined) walkWith(state);
    return { name, law, caughtBy: undefined, seen: '' };
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    return { name, law, caughtBy: thrown.law, seen: thrown.seen };
  }
}

function cutWith({ name, fault, ...place }: Canary, seed: number): void {
  const operation = OPERATIONS.find((each) => each.name === place.operation);
  const geometry = GEOMETRIES.find((each) => each.name === place.geometry);
  if (operation === undefined || geometry === undefined) throw new Error(`canary "${name}" has no place`);
  examine(operation, geometry, new StateSet(), emptyTally(), {
    seed,
    allSubsetsUpTo: 2,
    cutAgainEvery: 200,
    fault,
  });
}

function walkWith({ size, machine, graphOnly = false }: StateCanary): void {
  explore(size, { machine, graphOnly });
}
