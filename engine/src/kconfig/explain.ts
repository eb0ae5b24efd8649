/**
 * Explains a finished configuration: who asked for a symbol or which symbol selected it, or what it lacks; and what became of
 * each demand that was lost.
 */
import { numberIn, sameValue } from './dot-config.ts';
import { Configuration, NOTHING } from './evaluate.ts';
import { ExplainOff } from './explain-off.ts';
import { ExplainOn } from './explain-on.ts';
import { textOf } from './expression.ts';
import type { MergedDemand } from './merge.ts';
import type { KconfigModel, SymbolType } from './model.ts';
import type { LostDemand, Reason, Why } from './reasons.ts';

/** What a value of each type looks like in `.config`. */
const VALUES: Readonly<Record<SymbolType, RegExp>> = {
  bool: /^[yn]$/,
  tristate: /^[ymn]$/,
  int: /^-?\d+$/,
  hex: /^0x[0-9a-f]+$/i,
  string: /^".*"$/,
  unknown: /^/,
};

/** See the file's comment. */
export class Explainer {
  readonly #configuration: Configuration;
  readonly #demands: ReadonlyMap<string, MergedDemand>;
  readonly #on: ExplainOn;
  readonly #off: ExplainOff;

  /** `config` is the text of a `.config` that came of these demands and this model. */
  constructor(model: KconfigModel, config: string, demands: readonly MergedDemand[]) {
    this.#configuration = new Configuration(model, config);
    this.#demands = new Map(demands.map((demand) => [demand.symbol, demand]));
    this.#on = new ExplainOn(this.#configuration, this.#demands);
    this.#off = new ExplainOff(this.#configuration, this.#demands, this.#on);
  }

  /** Why a symbol has its value; the name may have its prefix `CONFIG_`. One that this kernel does not have is answered, too. */
  why(asked: string): Why {
    const name = asked.replace(/^CONFIG_/, '');
    const symbol = this.#configuration.symbol(name);
    if (symbol === undefined) {
      const reasons = [this.#off.missing(name)];
      return { symbol: name, value: 'n', type: 'undefined', at: [], reasons };
    }
    const value = this.#configuration.written(name) ?? 'n';
    const found = value === 'n' ? this.#off.reasons(name) : this.#on.reasons(name);
    // A number or text that is shown but that neither a demand nor a default sets.
    const untouched = value === NOTHING[symbol.type] && !this.#demands.has(name);
    const reasons: readonly Reason[] =
      found.length > 0 ? found : [{ kind: untouched ? 'unasked' : 'unexplained' }];
    const prompt = symbol.definitions.flatMap(({ prompts }) => prompts)[0]?.text;
    return {
      symbol: name,
      value,
      type: symbol.type,
      ...(prompt === undefined ? {} : { prompt }),
      at: symbol.definitions.map(({ at }) => at),
      reasons,
    };
  }

  /** All switches that are on and for which the model has no reason. */
  unexplained(): readonly string[] {
    return this.#configuration
      .switchesOn()
      .map(({ name }) => name)
      .filter((name) => this.#on.reasons(name).length === 0);
  }

  /** The demands that the configuration does not hold. */
  lost(): readonly LostDemand[] {
    return [...this.#demands.values()]
      .filter(({ symbol, value }) => !this.#holds(symbol, value))
      .map((demand) => {
        const { symbol, value: wanted, askedBy } = demand;
        const found = this.#configuration.written(symbol);
        return { symbol, wanted, askedBy, found, reasons: this.#whyLost(demand, found) };
      });
  }

  #holds(symbol: string, wanted: string): boolean {
    return sameValue(this.#configuration.written(symbol) ?? 'n', wanted);
  }

  #whyLost({ symbol: name, value: wanted }: MergedDemand, found: string | undefined): readonly Reason[] {
    const symbol = this.#configuration.symbol(name);
    if (symbol === undefined) return [this.#off.missing(name)];
    if (!VALUES[symbol.type].test(wanted)) return [{ kind: 'type', type: symbol.type }];
    if (wanted === 'n' || (wanted === 'm' && found === 'y')) {
      const forced = this.#on.reasons(name).filter(({ kind }) => kind !== 'asked');
      return forced.length > 0 ? forced : [this.#noModules(wanted)];
    }
    const obstacles = this.#off.obstacles(name);
    if (obstacles.length > 0) return obstacles;
    return [this.#outOfRange(name, wanted) ?? this.#noModules(wanted)];
  }

  #noModules(wanted: string): Reason {
    if (wanted !== 'm' || this.#configuration.hasModules) return { kind: 'unexplained' };
    const { modules } = this.#configuration.model;
    return { kind: 'no-modules', ...(modules === undefined ? {} : { symbol: modules }) };
  }

  #outOfRange(name: string, wanted: string): Reason | undefined {
    const value = numberIn(wanted, 'any');
    for (const definition of this.#configuration.symbol(name)?.definitions ?? []) {
      for (const { low, high, when, at } of definition.ranges) {
        if (this.#configuration.evaluateAll(definition.dependsOn, when) === 'n') continue;
        const [from, to] = [low, high].map((end) => {
          const text = textOf(end);
          return this.#configuration.valueOf(text) ?? text;
        });
        const [least, most] = [numberIn(from ?? '', 'any'), numberIn(to ?? '', 'any')];
        if (value === undefined || least === undefined || most === undefined) return undefined;
        if (value >= least && value <= most) return undefined;
        return { kind: 'range', low: from ?? '', high: to ?? '', at };
      }
    }
    return undefined;
  }
}
