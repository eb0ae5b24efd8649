/** How a request can fail, before a program gives the failure a code of its own. */

/**
 * - `unreachable`: nobody answered (no such host, no connection, silence)
 * - `status`: an answer that is not what was asked for
 * - `broken`: the body broke off
 * - `changed`: the server has another file than the one whose beginning was read
 * - `no-ranges`: the server sends the whole file when it is asked for a part
 * - `unsupported`: the address cannot be asked from here
 * - `protocol`: what came is not HTTP
 */
export type HttpFailureKind =
  | 'unreachable'
  | 'status'
  | 'broken'
  | 'changed'
  | 'no-ranges'
  | 'unsupported'
  | 'protocol';

/** What a failure carries besides. */
export interface HttpFailureDetails {
  readonly hint?: string;
  readonly status?: number;
  /** What the server asked for in `Retry-After`, in milliseconds from its answer. */
  readonly retryAfter?: number;
  /** Whether the same request may succeed a little later. */
  readonly temporary?: boolean;
  readonly cause?: unknown;
}

/** A failed request. Its message is the reason alone, as in "the server answered 404 Not Found". */
export class HttpFailure extends Error {
  readonly kind: HttpFailureKind;
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly temporary: boolean;

  constructor(kind: HttpFailureKind, reason: string, details: HttpFailureDetails = {}) {
    super(reason, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HttpFailure';
    this.kind = kind;
    this.hint = details.hint;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.temporary = details.temporary ?? (kind === 'unreachable' || kind === 'broken');
  }
}
