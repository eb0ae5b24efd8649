/** What the Kconfig files of one architecture say, as plain data. */
import type { Expression } from './expression.ts';

/** Where something is written: `fs/erofs/Kconfig:140`, the path from the top of the source tree. */
export type Place = string;

/** A condition and where it is written: in a `depends on`, or in an `if` or menu around. */
export interface Condition {
  readonly expression: Expression;
  readonly at: Place;
}

/** The types of symbols. `unknown`: no definition that this architecture reads gives one. */
export type SymbolType = 'bool' | 'tristate' | 'int' | 'hex' | 'string' | 'unknown';

/** `select` or `imply`. */
export interface Reference {
  readonly symbol: string;
  readonly when?: Expression;
  readonly at: Place;
}

/** `default`, `def_bool` or `def_tristate`. */
export interface Default {
  readonly value: Expression;
  readonly when?: Expression;
  readonly at: Place;
}

/** `range`. Both ends belong to it. */
export interface Range {
  readonly low: Expression;
  readonly high: Expression;
  readonly when?: Expression;
  readonly at: Place;
}

/** What a user would be asked. Without a prompt, a symbol cannot be set, only selected or given by default. */
export interface Prompt {
  readonly text: string;
  /** The prompt's own `if`, and each `visible if` of a menu around. */
  readonly visibleIf: readonly Condition[];
  readonly at: Place;
}

/** One `config` or `menuconfig` of a symbol. Its conditions hold for all that stands in it. */
export interface Definition {
  readonly at: Place;
  /** Titles of the menus around, the outermost first. */
  readonly menus: readonly string[];
  /** All must hold. Those of menus, choices and ifs around come first. */
  readonly dependsOn: readonly Condition[];
  readonly prompts: readonly Prompt[];
  readonly defaults: readonly Default[];
  readonly selects: readonly Reference[];
  readonly implies: readonly Reference[];
  readonly ranges: readonly Range[];
  readonly help?: string;
  /** The choice that it is a member of, an index into {@link KconfigModel.choices}. */
  readonly choice?: number;
  /** Kept only to read old configurations. */
  readonly transitional?: true;
}

/** A symbol, with all places that define it. */
export interface KconfigSymbol {
  readonly name: string;
  readonly type: SymbolType;
  readonly definitions: readonly Definition[];
}

/** One of these symbols is on when the choice is visible. */
export interface Choice {
  readonly at: Place;
  readonly prompt: string;
  readonly dependsOn: readonly Condition[];
  readonly defaults: readonly Reference[];
  readonly members: readonly string[];
  readonly help?: string;
}

/** All of it. It survives a round through JSON. */
export interface KconfigModel {
  /** `SRCARCH`: `x86`, `arm64`, `riscv`, `arm`. */
  readonly architecture: string;
  /** In the order in which they were first defined; each name once. */
  readonly symbols: readonly KconfigSymbol[];
  readonly choices: readonly Choice[];
  /** The symbol that allows modules, where there is one. */
  readonly modules?: string;
}
