/**
 * A model beside a finished configuration: what each expression comes to. The rules are those of scripts/kconfig/expr.c and
 * symbol.c; a macro that the toolchain decides comes to {@link Outcome} `?`, and so does what hangs on it alone.
 */
import { numberIn, readDotConfig } from './dot-config.ts';
import { isTristateName, type Comparison, type Expression, type Operand } from './expression.ts';
import type { Condition, Definition, KconfigModel, KconfigSymbol, Reference, SymbolType } from './model.ts';

/** What an expression comes to; `?` where the toolchain decides. */
export type Outcome = 'n' | 'm' | 'y' | '?';

/** Who selects or implies a symbol, and the definition that says so. */
export interface Referrer {
  readonly kind: 'selected' | 'implied';
  readonly by: string;
  readonly definition: Definition;
  readonly reference: Reference;
}

const RANK: Readonly<Record<Outcome, number>> = { n: 0, m: 1, '?': 2, y: 3 };
/** The value of a symbol to which nothing gives one. */
export const NOTHING: Readonly<Record<SymbolType, string>> = {
  bool: 'n',
  tristate: 'n',
  int: '0',
  hex: '0x0',
  string: '""',
  unknown: 'n',
};

/** See the file's comment. */
export class Configuration {
  readonly model: KconfigModel;
  readonly #values: ReadonlyMap<string, string>;
  readonly #symbols: ReadonlyMap<string, KconfigSymbol>;
  #referrers: ReadonlyMap<string, readonly Referrer[]> | undefined;

  /** `config` is the text of a finished `.config`. */
  constructor(model: KconfigModel, config: string) {
    this.model = model;
    this.#values = readDotConfig(config);
    this.#symbols = new Map(model.symbols.map((symbol) => [symbol.name, symbol]));
  }

  symbol(name: string): KconfigSymbol | undefined {
    return this.#symbols.get(name);
  }

  /** As it stands in `.config`; `n`, `0`, `0x0` or `""` where it does not; `undefined` for no symbol of this kernel. */
  valueOf(name: string): string | undefined {
    const symbol = this.#symbols.get(name);
    return symbol === undefined ? undefined : (this.#values.get(name) ?? NOTHING[symbol.type]);
  }

  /** As it stands in `.config`, and nothing for what does not. */
  written(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Whether a switch is `y` or `m`. */
  isOn(name: string): boolean {
    return this.#tristate(name) !== 'n';
  }

  /** Whether modules can be built. */
  get hasModules(): boolean {
    const { modules } = this.model;
    return modules !== undefined && this.valueOf(modules) === 'y';
  }

  /** All switches that are on. */
  switchesOn(): readonly KconfigSymbol[] {
    return this.model.symbols.filter(({ name }) => this.isOn(name));
  }

  /** Who selects or implies a symbol, whether that one is on or not. */
  referrersOf(name: string): readonly Referrer[] {
    this.#referrers ??= referrersIn(this.model);
    return this.#referrers.get(name) ?? [];
  }

  evaluate(expression: Expression): Outcome {
    switch (expression.kind) {
      case 'symbol':
        return this.#tristate(expression.name);
      case 'text':
        return isTristateName(expression.text) ? this.#tristate(expression.text) : 'n';
      case 'unknown':
        return '?';
      case 'not':
        return negated(this.evaluate(expression.of));
      case 'and':
        return this.#extreme(expression.of, Math.min);
      case 'or':
        return this.#extreme(expression.of, Math.max);
      case 'compare':
        return this.#compare(expression.operator, expression.left, expression.right);
    }
  }

  /** What a list of conditions and one more come to together; without any, `y`. */
  evaluateAll(conditions: readonly Condition[], when?: Expression): Outcome {
    const expressions = conditions.map(({ expression }) => expression);
    return this.#extreme(when === undefined ? expressions : [...expressions, when], Math.min);
  }

  #extreme(parts: readonly Expression[], choose: (...ranks: number[]) => number): Outcome {
    let rank: number | undefined;
    for (const part of parts) {
      const own = RANK[this.evaluate(part)];
      rank = rank === undefined ? own : choose(rank, own);
    }
    return (['n', 'm', '?', 'y'] as const)[rank ?? RANK.y] ?? 'y';
  }

  #tristate(name: string): 'n' | 'm' | 'y' {
    if (name === 'm') return this.hasModules ? 'm' : 'n';
    const value = isTristateName(name) ? name : this.valueOf(name);
    return value === 'y' || value === 'm' ? value : 'n';
  }

  #compare(operator: Comparison, left: Operand, right: Operand): Outcome {
    if (left.kind === 'unknown' || right.kind === 'unknown') return '?';
    const [one, other] = [this.#operand(left), this.#operand(right)];
    const bothTexts = one.type === 'string' && other.type === 'string';
    const [a, b] = bothTexts ? [] : [numberOf(one), numberOf(other)];
    const order =
      a === undefined || b === undefined ? compared(one.text, other.text) : compared<bigint>(a, b);
    const holds: Readonly<Record<Comparison, boolean>> = {
      '=': order === 0,
      '!=': order !== 0,
      '<': order < 0,
      '<=': order <= 0,
      '>': order > 0,
      '>=': order >= 0,
    };
    return holds[operator] ? 'y' : 'n';
  }

  #operand(operand: Exclude<Operand, { kind: 'unknown' }>): TypedText {
    if (operand.kind === 'text') {
      return { text: operand.text, type: isTristateName(operand.text) ? 'tristate' : 'unknown' };
    }
    if (isTristateName(operand.name)) return { text: operand.name, type: 'tristate' };
    const value = this.valueOf(operand.name);
    const type = this.symbol(operand.name)?.type;
    if (value === undefined || type === undefined) return { text: operand.name, type: 'unknown' };
    return { text: type === 'string' ? unquoted(value) : value, type };
  }
}

interface TypedText {
  readonly text: string;
  readonly type: SymbolType;
}

const TRISTATE_NUMBERS: Readonly<Record<string, bigint>> = { n: 0n, m: 1n, y: 2n };

/** As `expr_parse_string()` has it. */
function numberOf({ text, type }: TypedText): bigint | undefined {
  switch (type) {
    case 'bool':
    case 'tristate':
      return TRISTATE_NUMBERS[text] ?? -1n;
    case 'int':
      return numberIn(text, 10);
    case 'hex':
      return numberIn(text, 16);
    case 'string':
    case 'unknown':
      return numberIn(text, 'any');
  }
}

function compared<Value>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function negated(outcome: Outcome): Outcome {
  if (outcome === 'y') return 'n';
  return outcome === 'n' ? 'y' : outcome;
}

function unquoted(value: string): string {
  return value.replaceAll(/^"|"$/g, '').replaceAll(/\\(.)/g, '$1');
}

function referrersIn(model: KconfigModel): ReadonlyMap<string, readonly Referrer[]> {
  const found = new Map<string, Referrer[]>();
  const add = (referrer: Referrer): void => {
    const list = found.get(referrer.reference.symbol);
    if (list === undefined) found.set(referrer.reference.symbol, [referrer]);
    else list.push(referrer);
  };
  for (const { name, definitions } of model.symbols) {
    for (const definition of definitions) {
      for (const reference of definition.selects) add({ kind: 'selected', by: name, definition, reference });
      for (const reference of definition.implies) add({ kind: 'implied', by: name, definition, reference });
    }
  }
  return found;
}
