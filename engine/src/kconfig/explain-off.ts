/** Why a symbol is off, or has another value than the one asked for. */
import type { Configuration } from './evaluate.ts';
import type { ExplainOn } from './explain-on.ts';
import { isTristateName, textOf, type Expression } from './expression.ts';
import type { MergedDemand } from './merge.ts';
import type { Condition, Definition } from './model.ts';
import { nearNames } from '../near-names.ts';
import type { Missing, Need, Reason } from './reasons.ts';

/** How far a chain of conditions is followed, and how many parts of one are shown. */
const MAX_DEPTH = 8;
const MAX_MISSING = 6;
const MAX_SELECTORS = 5;

/** See the file's comment. */
export class ExplainOff {
  readonly #configuration: Configuration;
  readonly #demands: ReadonlyMap<string, MergedDemand>;
  readonly #on: ExplainOn;

  constructor(configuration: Configuration, demands: ReadonlyMap<string, MergedDemand>, on: ExplainOn) {
    this.#configuration = configuration;
    this.#demands = demands;
    this.#on = on;
  }

  /** Why a symbol is off. */
  reasons(name: string): readonly Reason[] {
    return this.#reasons(name, START);
  }

  /** What keeps a symbol from being set to what somebody asks, in the order in which it has to go. */
  obstacles(name: string): readonly Reason[] {
    return this.#obstacles(name, START);
  }

  #reasons(name: string, trail: Trail): readonly Reason[] {
    const symbol = this.#configuration.symbol(name);
    if (symbol === undefined) return [this.missing(name)];
    const demand = this.#demands.get(name);
    if (demand?.value === 'n') return [{ kind: 'asked', by: demand.askedBy, value: 'n' }];
    const obstacles = this.#obstacles(name, trail);
    if (demand !== undefined) return [{ kind: 'lost', by: demand.askedBy }, ...obstacles];
    const canBeAsked = symbol.definitions.some(({ prompts }) => prompts.length > 0);
    return canBeAsked ? [{ kind: 'unasked' }, ...obstacles] : obstacles;
  }

  #obstacles(name: string, trail: Trail): readonly Reason[] {
    const configuration = this.#configuration;
    const definitions = configuration.symbol(name)?.definitions ?? [];
    const path = { ...trail, symbols: [...trail.symbols, name] };
    const reachable = definitions.filter(({ dependsOn }) => configuration.evaluateAll(dependsOn) !== 'n');
    const prompted = definitions.filter(({ prompts }) => prompts.length > 0);
    if (reachable.length === 0) return [this.#unmet(definitions, path)];
    const displaced = this.#displaced(name, reachable);
    if (displaced !== undefined) return [displaced];
    const prompts = reachable.flatMap((definition) => definition.prompts);
    if (prompts.length === 0) {
      return prompted.length > 0 ? [this.#unmet(prompted, path)] : [this.#promptless(name, definitions)];
    }
    if (prompts.every(({ visibleIf }) => configuration.evaluateAll(visibleIf) === 'n')) {
      const needs = fewest(prompts.map(({ visibleIf }) => this.#needs(visibleIf, path)));
      return [{ kind: 'hidden', needs }];
    }
    return this.#toolchain(reachable);
  }

  #unmet(definitions: readonly Definition[], trail: Trail): Reason {
    const needs = fewest(definitions.map(({ dependsOn }) => this.#needs(dependsOn, trail)));
    return { kind: 'unmet', needs };
  }

  /** What to say of a name that this kernel does not have. */
  missing(name: string): Reason {
    const names = this.#configuration.model.symbols.map((symbol) => symbol.name);
    return { kind: 'undefined', near: nearNames(name, names) };
  }

  #displaced(name: string, definitions: readonly Definition[]): Reason | undefined {
    for (const { choice: index } of definitions) {
      const choice = index === undefined ? undefined : this.#configuration.model.choices[index];
      const by = choice?.members.find((member) => member !== name && this.#configuration.isOn(member));
      if (choice === undefined || by === undefined) continue;
      const [because] = this.#on.reasons(by);
      return {
        kind: 'displaced',
        prompt: choice.prompt,
        at: choice.at,
        by,
        ...(because?.kind === 'asked' ? { because } : {}),
      };
    }
    return undefined;
  }

  #promptless(name: string, definitions: readonly Definition[]): Reason {
    const selectors = this.#configuration
      .referrersOf(name)
      .map(({ by, definition, reference: { when } }) => ({
        text: when === undefined ? by : `${by} if ${textOf(when)}`,
        // Nearer are those which could be on as things are.
        far: this.#configuration.evaluateAll(definition.dependsOn) === 'n' ? 1 : 0,
      }))
      .toSorted((a, b) => a.far - b.far)
      .map(({ text }) => text);
    const defaults = definitions
      .flatMap((definition) => definition.defaults)
      .map(({ value, when }) => (when === undefined ? textOf(value) : `${textOf(value)} if ${textOf(when)}`));
    return {
      kind: 'promptless',
      selectors: selectors.slice(0, MAX_SELECTORS),
      defaults: defaults.slice(0, MAX_SELECTORS),
    };
  }

  #toolchain(definitions: readonly Definition[]): readonly Reason[] {
    const macros = new Set<string>();
    for (const { dependsOn } of definitions) {
      for (const { expression } of dependsOn) {
        if (this.#configuration.evaluate(expression) === '?') collectUnknown(expression, macros);
      }
    }
    return macros.size === 0 ? [] : [{ kind: 'toolchain', macros: [...macros] }];
  }

  /** The false parts, each once; what is said further up the trail is not said again. */
  #needs(conditions: readonly Condition[], trail: Trail): readonly Need[] {
    const parts = conditions.flatMap(({ expression, at }) =>
      // Each part of an "and" is a need of its own.
      (expression.kind === 'and' ? expression.of : [expression])
        .filter((part) => this.#configuration.evaluate(part) === 'n')
        .map((part) => ({ part, text: textOf(part), at })),
    );
    const fresh = new Map(parts.filter(({ text }) => !trail.said.has(text)).map((each) => [each.text, each]));
    const inner = { ...trail, said: new Set([...trail.said, ...fresh.keys()]) };
    return [...fresh.values()].map(({ part, text, at }) => {
      const leaves = this.#falseLeaves(part, false).slice(0, MAX_MISSING);
      const missing = leaves.map((leaf) => this.#leaf(leaf, inner));
      return { text, at, parts: part.kind === 'or' ? 'any' : 'all', missing };
    });
  }

  /** The smallest parts that make an expression false; in the negated half of it, those that make it true. */
  #falseLeaves(expression: Expression, negated: boolean): readonly Leaf[] {
    if (expression.kind === 'not') return this.#falseLeaves(expression.of, !negated);
    if (expression.kind !== 'and' && expression.kind !== 'or') return [{ expression, negated }];
    return expression.of
      .filter((part) => (this.#configuration.evaluate(part) === 'n') !== negated)
      .flatMap((part) => this.#falseLeaves(part, negated));
  }

  #leaf({ expression, negated }: Leaf, trail: Trail): Missing {
    const text = negated ? textOf({ kind: 'not', of: expression }) : textOf(expression);
    const symbol = subjectOf(expression);
    if (symbol === undefined) return { text, because: [] };
    const value = this.#configuration.valueOf(symbol);
    const because = (): readonly Reason[] => {
      // A name in a Kconfig file is no typing error; it is another architecture's.
      if (value === undefined) return [{ kind: 'undefined', near: [] }];
      if (expression.kind === 'compare' && !['y', 'm', 'n'].includes(value)) return this.#on.reasons(symbol);
      if (value !== 'n') {
        const best = this.#on.best(symbol);
        return best === undefined ? [] : [best];
      }
      const { symbols } = trail;
      return symbols.includes(symbol) || symbols.length >= MAX_DEPTH ? [] : this.#reasons(symbol, trail);
    };
    return { text, symbol, ...(value === undefined ? {} : { value }), because: because() };
  }
}

/** How an explanation came to a symbol: over which others, and which conditions it has named already. */
interface Trail {
  readonly symbols: readonly string[];
  readonly said: ReadonlySet<string>;
}

const START: Trail = { symbols: [], said: new Set() };

interface Leaf {
  readonly expression: Expression;
  readonly negated: boolean;
}

/** The symbol that a leaf is about; a comparison is about its first. */
function subjectOf(expression: Expression): string | undefined {
  if (expression.kind === 'symbol') return isTristateName(expression.name) ? undefined : expression.name;
  if (expression.kind !== 'compare') return undefined;
  return subjectOf(expression.left) ?? subjectOf(expression.right);
}

function collectUnknown(expression: Expression, found: Set<string>): void {
  switch (expression.kind) {
    case 'unknown':
      found.add(expression.text);
      break;
    case 'not':
      collectUnknown(expression.of, found);
      break;
    case 'and':
    case 'or':
      for (const part of expression.of) collectUnknown(part, found);
      break;
    case 'compare':
      collectUnknown(expression.left, found);
      collectUnknown(expression.right, found);
      break;
    case 'symbol':
    case 'text':
      break;
  }
}

/** Of several ways to have a symbol, the one that needs least. */
function fewest(ways: readonly (readonly Need[])[]): readonly Need[] {
  return ways.toSorted((a, b) => a.length - b.length)[0] ?? [];
}
