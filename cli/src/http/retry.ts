/** When a failed request is made again: the one policy of all programs, on hosts and on devices. */
import { HttpFailure } from './failure.ts';

/**
 * Pauses before the tries, in milliseconds: long enough together for a server or a router that
 * restarts, and not so long apart that an update on a bad line stands still.
 */
export const PAUSES = [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000] as const;

/**
 * Tries after the first one while nobody at all has answered: the address may be wrong, and a
 * person waits for the error.
 */
const TRIES_UNANSWERED = 3;

/**
 * The longest pause that a server is granted by `Retry-After`, in milliseconds. It may ask for a
 * day.
 */
const LONGEST_PAUSE = 60_000;

/** What waiting takes, and who is told. */
export interface Waiting {
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Unix time in seconds. */
  readonly now: () => number;
  /**
   * Called before each pause with its reason ("the server answered 503"), its length in
   * milliseconds, and the bytes read so far.
   */
  readonly onWait: (reason: string, pause: number, position: number) => void;
  /** Called with what else is worth a line. */
  readonly onNote?: (line: string) => void;
}

/** Counts failures in a row of one download or request. */
export class Patience {
  readonly #waiting: Waiting;
  #failures = 0;
  #answered = false;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  /** Tries made after the first failure. */
  get tries(): number {
    return this.#failures;
  }

  /** Something has come: the server is there, and the count begins anew. */
  progress(): void {
    this.#answered = true;
    this.#failures = 0;
  }

  /**
   * Waits before the next try; throws what was thrown when it cannot get better or the tries have
   * run out.
   */
  async after(thrown: unknown, position = 0): Promise<void> {
    if (!(thrown instanceof HttpFailure) || !thrown.temporary) throw thrown;
    if (thrown.kind !== 'unreachable') this.#answered = true;
    const pause = PAUSES[this.#failures];
    if (pause === undefined || (!this.#answered && this.#failures === TRIES_UNANSWERED)) throw thrown;
    this.#failures += 1;
    const length = Math.max(pause, Math.min(thrown.retryAfter ?? 0, LONGEST_PAUSE));
    this.#waiting.onWait(thrown.message, length, position);
    await this.#waiting.sleep(length);
  }
}

/**
 * The outcome of `attempt`, which is made again after failures that may pass. Throws the last
 * failure.
 */
export async function withRetries<Value>(waiting: Waiting, attempt: () => Promise<Value>): Promise<Value> {
  const patience = new Patience(waiting);
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      await patience.after(thrown).catch((last: unknown) => {
        throw patience.tries === 0 ? last : gaveUp(last, patience.tries);
      });
    }
  }
}

/** The last failure, which says that others came before. */
export function gaveUp(last: unknown, tries: number, before = ''): unknown {
  if (!(last instanceof HttpFailure)) return last;
  const { kind, hint, status, retryAfter, message } = last;
  const failed = last.temporary
    ? `${tries} more ${tries === 1 ? 'try' : 'tries'} failed; the last one: `
    : '';
  return new HttpFailure(kind, `${before}${failed}${message}`, {
    cause: last,
    temporary: false,
    ...(hint === undefined ? {} : { hint }),
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
