/** A case before it is known what is made of it. */
import type { Case } from './layout.ts';

/** {@link Case} without the expectation, which the generator fills in. */
export type NewCase = Omit<Case, 'expect'>;
