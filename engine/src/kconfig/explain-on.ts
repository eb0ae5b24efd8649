/** Why a symbol is on, or has its number or text. */
import type { Configuration, Outcome, Referrer } from './evaluate.ts';
import { sameValue } from './dot-config.ts';
import { textOf, type Expression } from './expression.ts';
import type { MergedDemand } from './merge.ts';
import type { Default, Definition } from './model.ts';
import type { Reason } from './reasons.ts';

/** Steps from a symbol up to a demand, by `select` and `imply`. Those that hang on a default come after all others. */
const DEFAULTED = 1_000_000;

/** The direct reasons of symbols that have a value, and the shortest way from each to a demand. */
export class ExplainOn {
  readonly #configuration: Configuration;
  readonly #demands: ReadonlyMap<string, MergedDemand>;
  #distances: ReadonlyMap<string, number> | undefined;

  constructor(configuration: Configuration, demands: ReadonlyMap<string, MergedDemand>) {
    this.#configuration = configuration;
    this.#demands = demands;
  }

  /** All direct reasons. None for a symbol that is off, and for one that the model cannot explain. */
  reasons(name: string): readonly Reason[] {
    const forced = [...this.#asked(name), ...this.#referred(name), ...this.#chosen(name)];
    // What has a prompt does not take its default under allnoconfig, so the default says something only without other reasons.
    const takesDefault =
      forced.length === 0 || this.#configuration.symbol(name)?.definitions.every(hasNoPrompt);
    return takesDefault === true ? [...forced, ...this.#defaults(name)] : forced;
  }

  /** The one reason that leads to a demand by the shortest way, else any. */
  best(name: string): Reason | undefined {
    const [asked] = this.#asked(name);
    if (asked !== undefined) return asked;
    const [nearest] = this.#referrersOn(name);
    const way = nearest === undefined ? Number.MAX_SAFE_INTEGER : this.#distance(nearest.by);
    if (nearest !== undefined && way < this.#distance(name)) {
      const because = this.best(nearest.by);
      return { ...linkOf(nearest), ...(because === undefined ? {} : { because }) };
    }
    return this.#chosen(name)[0] ?? this.#defaults(name)[0];
  }

  #asked(name: string): Reason[] {
    const demand = this.#demands.get(name);
    const value = this.#configuration.valueOf(name);
    if (demand === undefined || value === undefined) return [];
    // Without modules, Kconfig builds in what was asked for as one.
    const builtIn = demand.value === 'm' && value === 'y' && !this.#configuration.hasModules;
    if (!builtIn && !sameValue(demand.value, value)) return [];
    return [{ kind: 'asked', by: demand.askedBy, value: demand.value }];
  }

  #referred(name: string): Reason[] {
    return this.#referrersOn(name).map((referrer) => {
      const because = this.best(referrer.by);
      const leadsOn = because !== undefined && !chainOf(because).includes(name);
      return { ...linkOf(referrer), ...(leadsOn ? { because } : {}) };
    });
  }

  /** Who selects or implies it and is on, the nearest to a demand first. */
  #referrersOn(name: string): readonly Referrer[] {
    const configuration = this.#configuration;
    if (!configuration.isOn(name)) return [];
    return configuration
      .referrersOf(name)
      .filter(
        ({ by, definition, reference }) =>
          configuration.isOn(by) && configuration.evaluateAll(definition.dependsOn, reference.when) !== 'n',
      )
      .toSorted((a, b) => this.#distance(a.by) - this.#distance(b.by));
  }

  #distance(name: string): number {
    this.#distances ??= this.#measure();
    return this.#distances.get(name) ?? Number.MAX_SAFE_INTEGER;
  }

  #chosen(name: string): Reason[] {
    const configuration = this.#configuration;
    if (!configuration.isOn(name)) return [];
    return (configuration.symbol(name)?.definitions ?? [])
      .map(({ choice }) => (choice === undefined ? undefined : configuration.model.choices[choice]))
      .filter((choice) => choice !== undefined)
      .map(({ prompt, at }) => ({ kind: 'chosen', prompt, at }));
  }

  /** The default that Kconfig takes: the first whose conditions hold. One that the toolchain decides may be passed over. */
  #defaults(name: string): Reason[] {
    const value = this.#configuration.valueOf(name);
    if (value === undefined || value === 'n') return [];
    for (const definition of this.#configuration.symbol(name)?.definitions ?? []) {
      for (const item of definition.defaults) {
        const condition = this.#configuration.evaluateAll(definition.dependsOn, item.when);
        if (condition === 'n') continue;
        if (this.#gives(item, definition, value, condition)) {
          return [{ kind: 'default', value: textOf(item.value), ...whenOf(item.when), at: item.at }];
        }
        if (condition !== '?') return [];
      }
    }
    return [];
  }

  #gives(item: Default, definition: Definition, value: string, condition: Outcome): boolean {
    const { value: expression } = item;
    if (value === 'y' || value === 'm') {
      const outcome = this.#configuration.evaluate(expression);
      return (
        outcome === '?' || (outcome !== 'n' && (outcome === value || condition === value || value === 'y'))
      );
    }
    if (expression.kind === 'unknown') return true;
    if (expression.kind === 'text') return unquotedSame(expression.text, value);
    if (expression.kind !== 'symbol') return false;
    const other = this.#configuration.valueOf(expression.name) ?? expression.name;
    // A default outside of its range becomes the nearer end of it.
    return sameValue(other, value) || definition.ranges.length > 0;
  }

  #measure(): ReadonlyMap<string, number> {
    const configuration = this.#configuration;
    const distances = new Map<string, number>();
    const spread = (start: readonly string[], from: number): void => {
      let ring = start.filter((name) => !distances.has(name));
      for (let distance = from; ring.length > 0; distance += 1) {
        for (const name of ring) distances.set(name, distance);
        const next = new Set<string>();
        for (const name of ring) {
          for (const definition of configuration.symbol(name)?.definitions ?? []) {
            for (const { symbol, when } of [...definition.selects, ...definition.implies]) {
              if (distances.has(symbol) || !configuration.isOn(symbol)) continue;
              if (configuration.evaluateAll(definition.dependsOn, when) !== 'n') next.add(symbol);
            }
          }
        }
        ring = [...next];
      }
    };
    const on = configuration.switchesOn().map(({ name }) => name);
    spread(
      on.filter((name) => this.#asked(name).length > 0),
      0,
    );
    spread(
      on.filter(
        (name) => !distances.has(name) && [...this.#chosen(name), ...this.#defaults(name)].length > 0,
      ),
      DEFAULTED,
    );
    return distances;
  }
}

function linkOf({ kind, by, reference }: Referrer): Extract<Reason, { kind: 'selected' | 'implied' }> {
  return { kind, by, ...whenOf(reference.when), at: reference.at };
}

/** The symbols that a reason leads over. */
function chainOf(reason: Reason): readonly string[] {
  const names: string[] = [];
  let at: Reason | undefined = reason;
  while (at?.kind === 'selected' || at?.kind === 'implied') {
    names.push(at.by);
    at = at.because;
  }
  return names;
}

function hasNoPrompt({ prompts }: Definition): boolean {
  return prompts.length === 0;
}

/** A condition as text, for a reason. */
function whenOf(when: Expression | undefined): { readonly when?: string } {
  return when === undefined ? {} : { when: textOf(when) };
}

function unquotedSame(text: string, value: string): boolean {
  return value === `"${text.replaceAll(/["\\]/g, '\\$&')}"` || sameValue(text, value);
}
