/**
 * Expressions from tokens, as the kernel's grammar has them: comparisons only between symbols and texts, then `!`, then
 * `&&`, then `||`.
 */
import type { Comparison, Expression, Operand } from './expression.ts';
import { joined } from './expression.ts';
import type { Lexer, Token } from './lexer.ts';

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Levels of parentheses and `!`. The deepest of Linux is 6. */
const MAX_DEPTH = 200;

/** A statement's tokens, taken from the left. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  readonly #lexer: Lexer;
  #at: number;

  constructor(tokens: readonly Token[], lexer: Lexer, from = 0) {
    this.#tokens = tokens;
    this.#lexer = lexer;
    this.#at = from;
  }

  /** Takes the next token when it is this mark or word. */
  takes(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.text !== text || (token.kind !== 'mark' && token.kind !== 'word')) return false;
    this.#at += 1;
    return true;
  }

  get atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  next(wanted: string): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) return this.#lexer.fail(`it ends where ${wanted} is missing`);
    this.#at += 1;
    return token;
  }

  /** A symbol's name. */
  name(): string {
    const token = this.next('the name of a symbol');
    if (token.kind !== 'word') this.#lexer.fail(`the name of a symbol is missing before ${shown(token)}`);
    return token.text;
  }

  /** A prompt or title. One with a macro that is unknown stays as it is written. */
  title(): string {
    const token = this.next('a text in quotes');
    if (token.kind === 'text') return token.text;
    if (token.kind === 'unknown') return token.text.replaceAll(/^["']|["']$/g, '');
    return this.#lexer.fail(`a text in quotes is missing before ${shown(token)}`);
  }

  /** `if` and an expression, or nothing. */
  condition(): Expression | undefined {
    return this.takes('if') ? this.expression() : undefined;
  }

  /** @throws SlicesError `KCONFIG_INVALID` when something is left */
  end(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) this.#lexer.fail(`${shown(token)} is too much`);
  }

  expression(depth = 0): Expression {
    if (depth > MAX_DEPTH) this.#lexer.fail(`an expression has more than ${MAX_DEPTH} levels`);
    const alternatives: Expression[] = [];
    do {
      const parts: Expression[] = [];
      do parts.push(this.#factor(depth));
      while (this.takes('&&'));
      alternatives.push(joined('and', parts));
    } while (this.takes('||'));
    return joined('or', alternatives);
  }

  operand(): Operand {
    const token = this.next('a symbol or a value');
    switch (token.kind) {
      case 'word':
        return { kind: 'symbol', name: token.text };
      case 'text':
        return { kind: 'text', text: token.text };
      case 'unknown':
        return { kind: 'unknown', text: token.text };
      case 'mark':
      case 'rest':
        return this.#lexer.fail(`a symbol or a value is missing before ${shown(token)}`);
    }
  }

  #factor(depth: number): Expression {
    if (depth > MAX_DEPTH) this.#lexer.fail(`an expression has more than ${MAX_DEPTH} levels`);
    if (this.takes('!')) return { kind: 'not', of: this.#factor(depth + 1) };
    if (this.takes('(')) {
      const inner = this.expression(depth + 1);
      if (!this.takes(')')) this.#lexer.fail('a ")" is missing');
      return inner;
    }
    const left = this.operand();
    const operator = this.#comparison();
    return operator === undefined ? left : { kind: 'compare', operator, left, right: this.operand() };
  }

  #comparison(): Comparison | undefined {
    const token = this.#tokens[this.#at];
    const operator = token?.kind === 'mark' ? COMPARISONS[token.text] : undefined;
    if (operator !== undefined) this.#at += 1;
    return operator;
  }
}

function shown(token: Token): string {
  return token.kind === 'text' ? JSON.stringify(token.text) : token.text;
}
