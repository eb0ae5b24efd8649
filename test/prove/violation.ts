/** A law that does not hold: what the proof looks for. */

/** The names of the laws, by number (FORMAT.md §13). */
export const LAWS = {
  1: 'old or new',
  2: 'the last good slot is untouchable',
  3: 'a trial ends',
  4: 'confirmed boots write nothing',
  5: 'what failed stays known',
  6: 'the floor cannot brick',
  7: 'geometry is enforced',
  8: 'bad bytes are values',
  9: 'both readers agree',
  10: 'unknown feature bits',
} as const;

export type LawNumber = keyof typeof LAWS;

/** A law was broken, and by what. */
export class Violation extends Error {
  readonly law: LawNumber;
  /** What was seen, without the law's name. */
  readonly seen: string;

  constructor(law: LawNumber, seen: string, options?: ErrorOptions) {
    super(`Law ${law} (${LAWS[law]}): ${seen}`, options);
    this.law = law;
    this.seen = seen;
  }
}

/** What was thrown, with the place that it was met at. Anything but a violation breaks law 8: bad bytes are values. */
export function located(thrown: unknown, place: string): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const [law, seen] =
    thrown instanceof Violation ? [thrown.law, thrown.seen] : ([8, thrown.message] as const);
  return new Violation(law, `${seen}\n  at ${place}`, { cause: thrown });
}
