/**
 * Kconfig's macros: `$(NAME)`, `$(function,argument,...)`, and the variables that a file defines.
 *
 * Nothing is executed. What `$(shell,...)` would say, and what a variable of the environment holds that the caller did
 * not give, depends on the toolchain: it is unknown, and so is all that is made of it. The kernel's own functions
 * (`cc-option`, `success`, ...) are defined in its Kconfig files by `shell`, so they need no word here.
 */

/** What a macro came to. An unknown one has no text. */
export type Expansion = { readonly known: true; readonly text: string } | { readonly known: false };

/** What the macros need of the file that is read, and how they end the reading. */
export interface MacroSite {
  readonly file: string;
  readonly line: number;
  fail(what: string): never;
}

const UNKNOWN: Expansion = { known: false };
const EMPTY: Expansion = { known: true, text: '' };

/** The kernel's limits are 1000 levels and memory; these are beyond any real file, and no hostile file gets far with them. */
const MAX_DEPTH = 100;
const MAX_LENGTH = 65_536;
/** Macros evaluated for one that stands in a file. */
const MAX_STEPS = 10_000;

type Variable =
  | { readonly flavor: 'recursive'; readonly source: string }
  | { readonly flavor: 'simple'; readonly value: Expansion };

/** The variables of one reading, and their expansion. */
export class Macros {
  readonly #environment: ReadonlyMap<string, string>;
  readonly #variables = new Map<string, Variable>();
  #steps = 0;

  constructor(environment: ReadonlyMap<string, string>) {
    this.#environment = environment;
  }

  /** `name = source`, `name := source`, `name += source`. */
  assign(name: string, operator: string, source: string, site: MacroSite): void {
    this.#steps = 0;
    const before = this.#variables.get(name);
    const flavor = operator === ':=' || (operator === '+=' && before?.flavor === 'simple');
    if (flavor) {
      const added = this.#expand(source, [], site, 0);
      const old = operator === '+=' && before?.flavor === 'simple' ? before.value : undefined;
      this.#variables.set(name, { flavor: 'simple', value: appended(old, added) });
      return;
    }
    const start = operator === '+=' && before?.flavor === 'recursive' ? `${before.source} ` : '';
    this.#variables.set(name, {
      flavor: 'recursive',
      source: within(start + source, site),
    });
  }

  /** The text inside of `$(` and `)`, evaluated. */
  evaluate(inside: string, site: MacroSite): Expansion {
    this.#steps = 0;
    return this.#evaluate(inside, [], site, 0);
  }

  #evaluate(inside: string, args: readonly Expansion[], site: MacroSite, depth: number): Expansion {
    this.#steps += 1;
    if (depth > MAX_DEPTH || this.#steps > MAX_STEPS) site.fail('its macros expand without end');
    const own = /^[1-9]\d*$/.test(inside) ? args[Number(inside) - 1] : undefined;
    if (own !== undefined) return own;
    const [nameSource = '', ...argumentSources] = argumentsOf(inside);
    const name = this.#expand(nameSource, args, site, depth + 1);
    if (!name.known) return UNKNOWN;
    const values = argumentSources.map((source) => this.#expand(source, args, site, depth + 1));
    const variable = this.#variables.get(name.text);
    if (variable?.flavor === 'simple') return variable.value;
    if (variable !== undefined) return this.#expand(variable.source, values, site, depth + 1);
    return this.#builtIn(name.text, values, site);
  }

  #builtIn(name: string, args: readonly Expansion[], site: MacroSite): Expansion {
    switch (name) {
      case 'error-if': {
        const [condition, message] = args;
        if (condition?.known === true && condition.text === 'y') {
          site.fail(message?.known === true ? message.text : 'it refuses this configuration');
        }
        return EMPTY;
      }
      case 'warning-if':
      case 'info':
        return EMPTY;
      case 'filename':
        return { known: true, text: site.file };
      case 'lineno':
        return { known: true, text: String(site.line) };
      default: {
        const value = args.length === 0 ? this.#environment.get(name) : undefined;
        return value === undefined ? UNKNOWN : { known: true, text: value };
      }
    }
  }

  #expand(source: string, args: readonly Expansion[], site: MacroSite, depth: number): Expansion {
    let text = '';
    let at = 0;
    for (;;) {
      const dollar = source.indexOf('$(', at);
      if (dollar === -1) return { known: true, text: within(text + source.slice(at), site) };
      const end = endOfMacro(source, dollar);
      if (end === -1) site.fail('a macro has no ")" on this line');
      const value = this.#evaluate(source.slice(dollar + 2, end), args, site, depth + 1);
      if (!value.known) return UNKNOWN;
      text = within(text + source.slice(at, dollar) + value.text, site);
      at = end + 1;
    }
  }
}

/** The index of the `)` that ends the macro which begins at `dollar`, or -1. Parentheses inside are counted, quotes are not. */
export function endOfMacro(source: string, dollar: number): number {
  let open = 0;
  for (let at = dollar + 1; at < source.length; at += 1) {
    const character = source[at];
    if (character === '(') open += 1;
    else if (character === ')') {
      open -= 1;
      if (open === 0) return at;
    }
  }
  return -1;
}

/** Splits `name,argument,...` at the commas that no parenthesis encloses. */
function argumentsOf(inside: string): string[] {
  const parts: string[] = [];
  let open = 0;
  let start = 0;
  for (let at = 0; at < inside.length; at += 1) {
    const character = inside[at];
    if (character === '(') open += 1;
    else if (character === ')') open -= 1;
    else if (character === ',' && open === 0) {
      parts.push(inside.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, inside.slice(start)];
}

function appended(before: Expansion | undefined, added: Expansion): Expansion {
  if (before === undefined) return added;
  return before.known && added.known ? { known: true, text: `${before.text} ${added.text}` } : UNKNOWN;
}

function within(text: string, site: MacroSite): string {
  return text.length > MAX_LENGTH ? site.fail('its macros expand without end') : text;
}
