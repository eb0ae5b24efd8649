/** Why a symbol has its value, as data. {@link whyText} renders it. */
import type { Place, SymbolType } from './model.ts';

/** Why a symbol has its value. */
export type Reason =
  /** A slice, a profile or a board demands this very value. */
  | { readonly kind: 'asked'; readonly by: readonly string[]; readonly value: string }
  /** A symbol that is on selects or implies it; `because` leads on to a demand or a default. */
  | {
      readonly kind: 'selected' | 'implied';
      readonly by: string;
      readonly when?: string;
      readonly at: Place;
      readonly because?: Reason;
    }
  /** A default of its own. */
  | { readonly kind: 'default'; readonly value: string; readonly when?: string; readonly at: Place }
  /** A choice has to be one of its members, and this is the one that is there or the default. */
  | { readonly kind: 'chosen'; readonly prompt: string; readonly at: Place }
  /** No file of this kernel defines it. */
  | { readonly kind: 'undefined'; readonly near: readonly string[] }
  /** Conditions that do not hold. */
  | { readonly kind: 'unmet'; readonly needs: readonly Need[] }
  /** It could be on, but nobody wants it. */
  | { readonly kind: 'unasked' }
  /** Somebody asks for it in vain. */
  | { readonly kind: 'lost'; readonly by: readonly string[] }
  /** It has no prompt: only these symbols can switch it on, or these defaults. */
  | {
      readonly kind: 'promptless';
      readonly selectors: readonly string[];
      readonly defaults: readonly string[];
    }
  /** Its prompt is not shown, so it cannot be set. */
  | { readonly kind: 'hidden'; readonly needs: readonly Need[] }
  /** Another member of its choice is on. */
  | {
      readonly kind: 'displaced';
      readonly prompt: string;
      readonly at: Place;
      readonly by: string;
      readonly because?: Reason;
    }
  /** The number asked for is outside of the range. */
  | { readonly kind: 'range'; readonly low: string; readonly high: string; readonly at: Place }
  /** The value asked for is not of the symbol's type. */
  | { readonly kind: 'type'; readonly type: SymbolType }
  /** A module was asked for, but modules are off. */
  | { readonly kind: 'no-modules'; readonly symbol?: string }
  /** A macro that the toolchain decides stands in its conditions. */
  | { readonly kind: 'toolchain'; readonly macros: readonly string[] }
  /** The model has no explanation. */
  | { readonly kind: 'unexplained' };

/** A condition that does not hold. */
export interface Need {
  /** As it is written. */
  readonly text: string;
  readonly at: Place;
  /** `all` parts have to change, or `any` one of them. */
  readonly parts: 'all' | 'any';
  readonly missing: readonly Missing[];
}

/** The smallest part of a condition that does not hold. */
export interface Missing {
  /** `EROFS_FS`, `!PREEMPT_RT`, `NR_CPUS >= 128`. */
  readonly text: string;
  /** The symbol and its value, where the part is about one. */
  readonly symbol?: string;
  readonly value?: string;
  /** Why it has that value. Empty where the chain has become too long. */
  readonly because: readonly Reason[];
}

/** The answer to "why CONFIG_X?". */
export interface Why {
  readonly symbol: string;
  /** As it stands in `.config`; `n` for what is off or unknown. */
  readonly value: string;
  /** `undefined` for no symbol of this kernel. */
  readonly type: SymbolType | 'undefined';
  readonly prompt?: string;
  readonly at: readonly Place[];
  readonly reasons: readonly Reason[];
}

/** A demand that the finished configuration does not hold. */
export interface LostDemand {
  readonly symbol: string;
  readonly wanted: string;
  readonly askedBy: readonly string[];
  /** `undefined`: the configuration does not name it. */
  readonly found: string | undefined;
  readonly reasons: readonly Reason[];
}
