/** Reads one Kconfig file: its statements as tokens, one logical line each, and its help texts. */
import { SlicesError } from '../errors.ts';
import { endOfMacro, type Macros, type MacroSite } from './macros.ts';

/**
 * A part of a statement.
 *
 * `word`: a bare name or number. `text`: what stood in quotes. `unknown`: a word or text with a macro whose outcome the
 * toolchain decides; then it is the source. `mark`: an operator or parenthesis. `rest`: what follows `=` in an assignment.
 */
export interface Token {
  readonly kind: 'word' | 'text' | 'unknown' | 'mark' | 'rest';
  readonly text: string;
}

/** Blanks, comments and escaped line ends; the simple cases of word and text; marks. What is left is looked at by hand. */
const SKIPPED = /[ \t\r]+|\\\n|#[^\n]*/y;
const WORD = /[A-Za-z0-9_-]+(?![A-Za-z0-9_$-])/y;
const TEXT = /"([^"\\$\n]*)"|'([^'\\$\n]*)'/y;
const MARK = /\|\||&&|!=|<=|>=|:=|\+=|[=<>!()]/y;
const WORD_CHARACTER = /[A-Za-z0-9_-]/;
const ASSIGNMENTS = new Set(['=', ':=', '+=']);
const TAB = 8;

/** One file while it is read. */
export class Lexer implements MacroSite {
  readonly file: string;
  /** Line of the statement that was read last, counted from 1. */
  line = 1;
  readonly #source: string;
  readonly #macros: Macros;
  readonly #isKeyword: (word: string) => boolean;
  #at = 0;
  #lineNow = 1;

  constructor(file: string, source: string, macros: Macros, isKeyword: (word: string) => boolean) {
    this.file = file;
    this.#source = source;
    this.#macros = macros;
    this.#isKeyword = isKeyword;
  }

  get place(): string {
    return `${this.file}:${this.line}`;
  }

  /** @throws SlicesError `KCONFIG_INVALID`, with the file and the line */
  fail(what: string): never {
    throw new SlicesError('KCONFIG_INVALID', `Cannot read ${this.place}: ${what}`, {
      hint: 'The line is not as the kernel documents it in Documentation/kbuild/kconfig-language.rst.',
      facts: { file: this.file, line: this.line },
    });
  }

  /** The next statement that has tokens, or `undefined` at the end of the file. */
  statement(): readonly Token[] | undefined {
    const tokens: Token[] = [];
    for (;;) {
      this.#skip();
      const character = this.#source[this.#at];
      if (character === undefined) return tokens.length === 0 ? undefined : tokens;
      if (character === '\n') {
        this.#at += 1;
        this.#lineNow += 1;
        if (tokens.length > 0) return tokens;
        continue;
      }
      if (tokens.length === 0) this.line = this.#lineNow;
      const token = this.#token(character);
      if (token === undefined) continue;
      tokens.push(token);
      const [first] = tokens;
      if (
        tokens.length === 2 &&
        token.kind === 'mark' &&
        ASSIGNMENTS.has(token.text) &&
        first?.kind === 'word' &&
        !this.#isKeyword(first.text)
      ) {
        tokens.push({ kind: 'rest', text: this.#restOfLine().replace(/^[ \t]+/, '') });
      }
    }
  }

  /** The text after `help`: all lines that are indented like the first, and the empty ones between. */
  help(): string {
    const lines: string[] = [];
    let first: number | undefined;
    while (this.#at < this.#source.length) {
      const end = this.#endOfLine();
      const line = this.#source.slice(this.#at, end).trimEnd();
      if (line !== '') {
        const indent = indentOf(line);
        first ??= indent;
        if (indent < first || indent === 0) break;
        lines.push(' '.repeat(indent - first) + line.trimStart());
      } else if (lines.length > 0) {
        lines.push('');
      }
      this.#at = end + 1;
      this.#lineNow += 1;
    }
    return lines.join('\n').trimEnd();
  }

  #token(character: string): Token | undefined {
    const word = this.#match(WORD);
    if (word !== undefined) return { kind: 'word', text: word[0] };
    const text = this.#match(TEXT);
    if (text !== undefined) return { kind: 'text', text: text[1] ?? text[2] ?? '' };
    const mark = this.#match(MARK);
    if (mark !== undefined) return { kind: 'mark', text: mark[0] };
    if (character === '"' || character === "'") return this.#quoted(character);
    if (character === '$' || WORD_CHARACTER.test(character)) return this.#wordWithMacros();
    return this.fail(`the character ${JSON.stringify(character)} has no meaning here`);
  }

  /** A quoted text with escapes or macros. */
  #quoted(quote: string): Token {
    const start = this.#at;
    let text = '';
    let known = true;
    this.#at += 1;
    for (;;) {
      const character = this.#source[this.#at];
      if (character === undefined || character === '\n') this.fail(`a text has no closing ${quote}`);
      if (character === '$' && this.#source[this.#at + 1] === '(') {
        const value = this.#macro();
        if (value === undefined) known = false;
        else text += value;
        continue;
      }
      this.#at += 1;
      if (character === quote) break;
      if (character === '\\') {
        const next = this.#source[this.#at];
        if (next === undefined || next === '\n') continue;
        text += next;
        this.#at += 1;
      } else {
        text += character;
      }
    }
    return known ? { kind: 'text', text } : { kind: 'unknown', text: this.#source.slice(start, this.#at) };
  }

  /** A word with `$` in it. One that comes to nothing is no token. */
  #wordWithMacros(): Token | undefined {
    const start = this.#at;
    let text = '';
    let known = true;
    for (;;) {
      const character = this.#source[this.#at];
      if (character === '$' && this.#source[this.#at + 1] === '(') {
        const value = this.#macro();
        if (value === undefined) known = false;
        else text += value;
      } else if (character !== undefined && (character === '$' || WORD_CHARACTER.test(character))) {
        text += character;
        this.#at += 1;
      } else {
        break;
      }
    }
    if (!known) return { kind: 'unknown', text: this.#source.slice(start, this.#at) };
    return text === '' ? undefined : { kind: 'word', text };
  }

  /** The value of the macro here, or `undefined` when it is unknown. */
  #macro(): string | undefined {
    const line = this.#source.slice(this.#at, this.#endOfLine());
    const end = endOfMacro(line, 0);
    if (end === -1) this.fail('a macro has no ")" on this line');
    this.#at += end + 1;
    const value = this.#macros.evaluate(line.slice(2, end), this);
    return value.known ? value.text : undefined;
  }

  #skip(): void {
    for (let skipped = this.#match(SKIPPED); skipped !== undefined; skipped = this.#match(SKIPPED)) {
      if (skipped[0] === '\\\n') this.#lineNow += 1;
    }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #restOfLine(): string {
    const start = this.#at;
    this.#at = this.#endOfLine();
    return this.#source.slice(start, this.#at);
  }

  #endOfLine(): number {
    const end = this.#source.indexOf('\n', this.#at);
    return end === -1 ? this.#source.length : end;
  }
}

/** Columns of white space before the text; a tab goes to the next multiple of eight. */
function indentOf(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === '\t') columns += TAB - (columns % TAB);
    else if (character === ' ') columns += 1;
    else break;
  }
  return columns;
}
