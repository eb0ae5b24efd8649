/**
 * Finds patterns in text that arrives in pieces.
 *
 * One rule makes the outcome independent of where the pieces are cut: a string is found as soon as its last character is
 * there, a regular expression is tried on whole lines only. So a prompt, which no line end follows, is waited for as a
 * string. Of several patterns the one that is complete first is found; among equals the one that is named first.
 */

/** A string to be found anywhere, or a regular expression to be found within one line. */
export type Pattern = string | RegExp;

/** What was found. */
export interface Found {
  /** Index of the pattern. */
  readonly index: number;
  /** The text that fits it. */
  readonly text: string;
  /** Capture groups of a regular expression, from group 1; a group that took no part is empty. */
  readonly groups: readonly string[];
  /** Everything between the end of the last find and the beginning of this one. */
  readonly before: string;
}

interface Candidate {
  readonly start: number;
  readonly text: string;
  readonly groups: readonly string[];
  /** Where the text is long enough to decide: behind the string, or behind the line of the expression. */
  readonly decided: number;
}

/** Text that has arrived and was not yet found. */
export class ExpectBuffer {
  #text = '';

  append(piece: string): void {
    this.#text += piece;
  }

  /** What would be looked at next. */
  get pending(): string {
    return this.#text;
  }

  /** Finds the first of `patterns` and forgets the text up to its end; `undefined` when none is there yet. */
  take(patterns: readonly Pattern[]): Found | undefined {
    let best: (Candidate & { readonly index: number }) | undefined;
    for (const [index, pattern] of patterns.entries()) {
      const candidate =
        typeof pattern === 'string' ? findString(this.#text, pattern) : findLine(this.#text, pattern);
      if (candidate !== undefined && (best === undefined || candidate.decided < best.decided)) {
        best = { ...candidate, index };
      }
    }
    if (best === undefined) return undefined;
    const before = this.#text.slice(0, best.start);
    this.#text = this.#text.slice(best.start + best.text.length);
    return { index: best.index, text: best.text, groups: best.groups, before };
  }

  /** Takes all that is there. */
  takeAll(): string {
    const all = this.#text;
    this.#text = '';
    return all;
  }
}

function findString(text: string, wanted: string): Candidate | undefined {
  const start = text.indexOf(wanted);
  return start < 0 ? undefined : { start, text: wanted, groups: [], decided: start + wanted.length };
}

function findLine(text: string, wanted: RegExp): Candidate | undefined {
  // A copy without the flags that make a RegExp remember where it stopped.
  const expression = new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''));
  for (let begin = 0; ;) {
    const end = text.indexOf('\n', begin);
    if (end < 0) return undefined;
    const match = expression.exec(text.slice(begin, end));
    if (match !== null) {
      const groups = match.slice(1).map((group: string | undefined) => group ?? '');
      return { start: begin + match.index, text: match[0], groups, decided: end + 1 };
    }
    begin = end + 1;
  }
}
