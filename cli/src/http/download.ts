/**
 * A body that goes on where it was when the connection breaks, and parts of it out of order.
 *
 * The rest is asked for by range, whether or not the server announces ranges (RFC 9110 §14.3: it
 * need not). A server that sends the whole again is read from its beginning, and what is known
 * already passed over. Each request goes to the first address, since a redirect may lead to a
 * signed URL that has expired by then. That the file is still the same is checked by its length and
 * its validators; whoever reads it checks its digest besides.
 *
 * Bounded: between two breaks something new must arrive before the tries run out.
 */
import { formatBytes } from '../format.ts';
import { HttpFailure } from './failure.ts';
import { statusFailure } from './request.ts';
import { gaveUp, Patience, withRetries, type Waiting } from './retry.ts';
import type { HttpAnswer } from './transport.ts';

/**
 * Asks once for the file, with these headers besides; redirects and credentials are the asker's
 * matter.
 */
export type Ask = (headers: Readonly<Record<string, string>>) => Promise<HttpAnswer>;

/** What a first answer says of a file. */
interface Facts {
  readonly length: number | undefined;
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

/** An open download. */
export class Download {
  /** Whole length in bytes, when the server says it. */
  readonly sizeBytes: number | undefined;
  /** Whether a part may be asked for: the length is known, and the server does not deny ranges. */
  readonly mayHaveRanges: boolean;

  readonly #first: HttpAnswer;
  readonly #ask: Ask;
  readonly #waiting: Waiting;
  readonly #patience: Patience;
  readonly #facts: Facts;
  #answer: HttpAnswer;
  /** Bytes handed over so far. */
  #position = 0;
  /** Bytes of this answer that were handed over from an earlier one. */
  #known = 0;

  private constructor(ask: Ask, waiting: Waiting, answer: HttpAnswer) {
    this.#first = answer;
    this.#ask = ask;
    this.#waiting = waiting;
    this.#patience = new Patience(waiting);
    this.#patience.progress();
    this.#answer = answer;
    this.#facts = factsOf(answer);
    this.sizeBytes = this.#facts.length;
    this.mayHaveRanges = this.sizeBytes !== undefined && answer.header('accept-ranges') !== 'none';
  }

  /** Waits for the head of an answer of 200. Throws {@link HttpFailure}. */
  static open(ask: Ask, waiting: Waiting): Promise<Download> {
    return withRetries(waiting, async () => {
      const answer = await ask({});
      if (answer.status !== 200) throw statusFailure(answer, waiting.now());
      refuseEncoded(answer);
      return new Download(ask, waiting, answer);
    });
  }

  /** A header of the first answer, by its name in lower case. */
  header(name: string): string | undefined {
    return this.#first.header(name);
  }

  /**
   * The next piece, never empty; `undefined` at the end. Valid until the next call. Throws {@link
   * HttpFailure}.
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        const piece = await this.#next();
        if (piece === 'known') continue;
        if (piece !== undefined) this.#patience.progress();
        this.#position += piece?.length ?? 0;
        return piece;
      } catch (thrown) {
        if (await this.#goOn(thrown)) return undefined;
      }
    }
  }

  /**
   * Exactly `length` bytes from `offset`, independent of {@link read}. Throws {@link HttpFailure}.
   */
  readAt(offset: number, length: number): Promise<Uint8Array> {
    const last = offset + length - 1;
    return withRetries(this.#waiting, async () => {
      const answer = await this.#ask({ range: `bytes=${offset}-${last}` });
      if (answer.status === 200) {
        answer.close();
        throw new HttpFailure('no-ranges', 'the server sends the whole file when it is asked for a part');
      }
      if (answer.status !== 206) throw statusFailure(answer, this.#waiting.now());
      this.#checkRange(answer, offset, last);
      return readExactly(answer, length);
    });
  }

  close(): void {
    this.#answer.close();
  }

  async #next(): Promise<Uint8Array | 'known' | undefined> {
    const { sizeBytes } = this;
    const piece = await this.#answer.read();
    if (piece === undefined) {
      if (this.#known > 0 || (sizeBytes !== undefined && this.#position < sizeBytes))
        throw new HttpFailure('broken', this.#brokenOff('it ended'));
      return undefined;
    }
    if (sizeBytes !== undefined && this.#position + piece.length - this.#known > sizeBytes)
      throw changed(`the server sends more than the ${sizeBytes} bytes that it announced`);
    if (this.#known === 0) return piece;
    const passed = Math.min(this.#known, piece.length);
    this.#known -= passed;
    return passed === piece.length ? 'known' : piece.subarray(passed);
  }

  /**
   * Asks for the rest until an answer has come. True when there is none: all had arrived before the
   * connection broke.
   */
  async #goOn(broken: unknown): Promise<boolean> {
    this.#answer.close();
    let last = this.#counted(broken);
    for (;;) {
      await this.#patience.after(last, this.#position).catch((thrown: unknown) => {
        throw this.#patience.tries === 0 ? thrown : gaveUp(thrown, this.#patience.tries, this.#before());
      });
      try {
        const answer = await this.#ask(this.#wishes());
        if (this.#isComplete(answer)) return true;
        this.#answer = this.#accepted(answer);
        return false;
      } catch (thrown) {
        last = thrown;
      }
    }
  }

  /** A break says how far the body came. */
  #counted(thrown: unknown): unknown {
    if (
      !(thrown instanceof HttpFailure) ||
      thrown.kind !== 'broken' ||
      / after \d+ bytes/.test(thrown.message)
    )
      return thrown;
    return new HttpFailure('broken', this.#brokenOff(thrown.message), { cause: thrown });
  }

  #brokenOff(how: string): string {
    const of = this.sizeBytes === undefined ? '' : ` of ${this.sizeBytes}`;
    return `${how} after ${this.#position} bytes${of}`;
  }

  #before(): string {
    return `${this.#brokenOff('it broke off')}, and `;
  }

  #wishes(): Readonly<Record<string, string>> {
    if (this.#position === 0) return {};
    const { etag, modified } = this.#facts;
    const validator = etag?.startsWith('W/') === false ? etag : modified;
    return {
      range: `bytes=${this.#position}-`,
      ...(validator === undefined ? {} : { 'if-range': validator }),
    };
  }

  /**
   * Whether a server that says that there is nothing behind what has arrived means that this is all
   * (RFC 9110 §15.5.17).
   */
  #isComplete(answer: HttpAnswer): boolean {
    if (answer.status !== 416) return false;
    answer.close();
    const end = /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '')?.[1];
    if (this.sizeBytes === undefined && end === String(this.#position)) return true;
    throw changed(`the server's file ends before byte ${this.#position}`);
  }

  #accepted(answer: HttpAnswer): HttpAnswer {
    if (answer.status === 206) {
      this.#checkRange(answer, this.#position);
      this.#known = 0;
    } else if (answer.status === 200) {
      this.#checkSame(answer, factsOf(answer).length);
      this.#known = this.#position;
      if (this.#known > 0) {
        this.#waiting.onNote?.(
          `the server sends the file from its beginning; the first ${formatBytes(this.#known)} are passed over`,
        );
      }
    } else {
      throw statusFailure(answer, this.#waiting.now());
    }
    return answer;
  }

  /** Whether `Content-Range` is what was asked for (RFC 9110 §14.4). */
  #checkRange(answer: HttpAnswer, first: number, last?: number): void {
    const found = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header('content-range') ?? '');
    const [, from, to, total] = found ?? [];
    if (Number(from) !== first || (last !== undefined && Number(to) !== last)) {
      answer.close();
      throw new HttpFailure('status', `the server did not send bytes ${first} to ${last ?? 'the end'}`, {
        hint: 'It honours Range, and sends something else. Download the file, and use that.',
      });
    }
    this.#checkSame(answer, total === '*' ? undefined : Number(total));
  }

  /**
   * A file is another one when its length is, or when it has validators and none of them is as
   * before. One that matches is enough: servers of one farm often give a file ETags of their own.
   */
  #checkSame(answer: HttpAnswer, length: number | undefined): void {
    refuseEncoded(answer);
    const before = this.#facts;
    const after = factsOf(answer);
    const pairs = [
      [before.etag, after.etag],
      [before.modified, after.modified],
    ].filter(([a, b]) => a !== undefined && b !== undefined);
    const differs = pairs.length > 0 && pairs.every(([a, b]) => a !== b);
    if (!differs && (length === undefined || before.length === undefined || length === before.length)) return;
    answer.close();
    throw changed(
      `the server has another file there now${length === before.length ? '' : `, of ${length} bytes instead of ${before.length}`}`,
    );
  }
}

/**
 * The whole of a small body, at most `limit` bytes. Throws {@link HttpFailure}, of kind `protocol`
 * when there is more.
 */
export async function readSmall(answer: HttpAnswer, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let piece = await answer.read(); piece !== undefined; piece = await answer.read()) {
    size += piece.length;
    pieces.push(piece.slice());
    if (size <= limit) continue;
    answer.close();
    throw new HttpFailure('protocol', `the answer has more than ${limit} bytes`);
  }
  const { length } = factsOf(answer);
  if (length !== undefined && size < length)
    throw new HttpFailure('broken', `it ended after ${size} bytes of ${length}`);
  const whole = new Uint8Array(size);
  let filled = 0;
  for (const piece of pieces) {
    whole.set(piece, filled);
    filled += piece.length;
  }
  return whole;
}

async function readExactly(answer: HttpAnswer, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  const short = (how: string, cause?: unknown): HttpFailure =>
    new HttpFailure('broken', `${how} after ${filled} bytes of ${length}`, { cause });
  for (;;) {
    const piece = await answer.read().catch((thrown: unknown) => {
      throw thrown instanceof HttpFailure && thrown.kind === 'broken'
        ? short(thrown.message, thrown)
        : thrown;
    });
    if (piece === undefined) break;
    if (filled + piece.length > length)
      throw new HttpFailure(
        'protocol',
        `the server sent more than the ${length} bytes that it was asked for`,
      );
    bytes.set(piece, filled);
    filled += piece.length;
  }
  if (filled < length) throw short('it ended');
  return bytes;
}

function factsOf(answer: HttpAnswer): Facts {
  const length = answer.header('content-length')?.trim() ?? '';
  return {
    length: /^\d+$/.test(length) && Number.isSafeInteger(Number(length)) ? Number(length) : undefined,
    etag: answer.header('etag'),
    modified: answer.header('last-modified'),
  };
}

/** Lengths and ranges of a body that was packed on the way are not those of the file. */
function refuseEncoded(answer: HttpAnswer): void {
  const encoding = answer.header('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  answer.close();
  throw new HttpFailure(
    'unsupported',
    `the server sends it compressed (Content-Encoding: ${encoding}), unasked`,
    {
      hint: 'Switch compression off for this file on the server, or download it and use the file.',
    },
  );
}

function changed(reason: string): HttpFailure {
  return new HttpFailure('changed', reason, {
    hint: 'The file was replaced while it was downloaded. Start again; nothing was lost.',
  });
}
