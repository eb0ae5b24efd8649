/**
 * The one shape of error that this project throws at its users.
 *
 * Each package narrows `Code` to a union of its own string literals. A message names the action first, then the thing,
 * then what was found and what was wanted; `hint` says the way out.
 */

/** What an error may carry besides its message. */
export interface ErrorDetails {
  /** What to do about it, as one sentence. */
  readonly hint?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Facts for `--json`: offsets, sizes, digests, got and wanted. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Base of all errors of Cocon OS. A subclass per package fixes the set of codes. */
export class CoconError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }
}

/** A command line that cannot be understood; commands exit with {@link EXIT_USAGE}. */
export class UsageError extends CoconError<'USAGE'> {
  constructor(message: string, hint?: string) {
    super('USAGE', message, hint === undefined ? {} : { hint });
  }
}

/** The command did what it was asked. */
export const EXIT_DONE = 0;
/** The command failed; the error says why. */
export const EXIT_FAILED = 1;
/** The command line was wrong; nothing was tried. */
export const EXIT_USAGE = 2;
/** There was nothing to do. */
export const EXIT_NOTHING_TO_DO = 3;

/** The message of anything that was thrown, also of an object that has no text. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  try {
    return String(thrown);
  } catch {
    return 'an object without a message was thrown';
  }
}
