/** What is drawn for a cycle. All of it comes from the seed and the cycle's number; what the machine makes of it does not. */
import { seededRandom, type Random } from '../prove/random.ts';
import { CYCLES_OF_TWENTY, PHASES, type Phase } from './phases.ts';

/** One of so many stages is of a release that crashes. */
const CRASHING_ONE_IN = 5;
/** The attempts that a release is granted: so often a crashing one starts before the loader gives it up. */
export const ATTEMPTS = 3;

/** A stage makes about so many requests, a boot of a trial fewer. */
const MOST_REQUESTS = 8;

/** A cycle as it is meant to go. */
export interface CyclePlan {
  /** Whether the release that is staged crashes. */
  readonly crashes: boolean;
  /** Which of the releases that the device does not have is staged, 0 … below 1. */
  readonly pick: number;
  readonly cut: Cut;
  /** For what becomes of the writes that were not flushed. */
  readonly losses: Random;
}

/** A moment. */
export type Cut = {
  readonly phase: Phase;
  /** How often the phase is entered and left before; a release that crashes comes back to it. */
  readonly skip: number;
} & (
  | {
      /** How much of the phase has passed, 0 … below 1. */
      readonly share: number;
    }
  | {
      /** With about so many requests to the disk since the phase began; later if it has not that many. */
      readonly requests: number;
    }
);

/** The plan of the cycle with that number. */
export function planOf(seed: number, cycle: number): CyclePlan {
  const random = seededRandom(Math.imul(seed, 1_000_003) + cycle);
  const share = (): number => random.below(2 ** 20) / 2 ** 20;
  const phase = phaseAt(random.below(20));
  const crashes = random.below(CRASHING_ONE_IN) === 0;
  const skip = crashes && phase.startsWith('updating') ? random.below(ATTEMPTS + 1) : 0;
  const requests = 1 + random.below(MOST_REQUESTS);
  return {
    crashes,
    pick: share(),
    cut: { phase, skip, ...(random.below(2) === 0 ? { share: share() } : { requests }) },
    losses: seededRandom(random.below(2 ** 32)),
  };
}

function phaseAt(place: number): Phase {
  let first = 0;
  return PHASES.find((phase) => place < (first += CYCLES_OF_TWENTY[phase])) ?? 'running';
}
