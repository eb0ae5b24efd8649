/** What a soak must never see. */

/** A device that does not come back, or a disk that does not hold. */
export class BrickedError extends Error {
  override readonly name = 'BrickedError';
}
