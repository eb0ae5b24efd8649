/**
 * The kernel's symbols as slices write them: `k.EROFS_FS`, `k.MODULES.off()`, `k.NR_CPUS.is(64)`.
 *
 * {@link KernelSymbols} is empty here. `scripts/kernel-types.ts` writes its members from the pinned kernel's own
 * Kconfig files, with their help texts, so a name that this kernel does not have is a compile error. At run time any
 * name gives a handle: whether the kernel has it is proved against the finished configuration.
 */
import { SlicesError } from '../errors.ts';

/** What a slice, a profile or a board asks of the kernel: a symbol without its prefix `CONFIG_`, and its value. */
export interface Demand {
  readonly symbol: string;
  /** As it stands in `.config`: `y`, `m`, `n`, `64`, `0x1000`, `"text"`. */
  readonly value: string;
}

/** A switch. As it stands it asks for `y`. */
export interface BoolSymbol extends Demand {
  /** Asks that it be off. */
  off(): Demand;
}

/** A switch that can also be built as a module. As it stands it asks for `y`, built in. */
export interface TristateSymbol extends BoolSymbol {
  /** Asks for a module. */
  module(): Demand;
}

/** A decimal number. It is no demand by itself. */
export interface NumberSymbol {
  /** @throws SlicesError `KERNEL_DEMAND_INVALID` when the number is no integer */
  is(value: number): Demand;
}

/** A number that Kconfig writes in hexadecimal; it would take a decimal one for hexadecimal digits. */
export interface HexSymbol {
  /** @throws SlicesError `KERNEL_DEMAND_INVALID` when the number is negative or no integer */
  hex(value: number | bigint): Demand;
}

/** A text. It is no demand by itself. */
export interface StringSymbol {
  /** @throws SlicesError `KERNEL_DEMAND_INVALID` when the text has a line break or another control character */
  is(value: string): Demand;
}

/** Symbols that are on or off: what `kernel.has()` can be asked about. */
export interface KernelSwitches {}

/** All symbols of the pinned kernel, over all architectures of devices. */
export interface KernelSymbols extends KernelSwitches {}

/** The name of a symbol that is on or off. */
export type SwitchName = keyof KernelSwitches;

/** What the name of a Kconfig symbol looks like. */
export const SYMBOL_NAME = /^[A-Z0-9][A-Za-z0-9_]*$/;

const CONTROL_CHARACTER = /\p{Cc}/u;

/** What every name gives; {@link KernelSymbols} says which of its methods a symbol has. Its methods are no part of JSON. */
class SymbolHandle implements TristateSymbol, HexSymbol {
  readonly symbol: string;
  readonly value = 'y';

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  off(): Demand {
    return { symbol: this.symbol, value: 'n' };
  }

  module(): Demand {
    return { symbol: this.symbol, value: 'm' };
  }

  is(value: number | string): Demand {
    if (typeof value === 'string') return { symbol: this.symbol, value: quoted(this.symbol, value) };
    if (!Number.isSafeInteger(value)) throw notAnInteger(this.symbol, value);
    return { symbol: this.symbol, value: String(value) };
  }

  hex(value: number | bigint): Demand {
    if ((typeof value === 'number' && !Number.isSafeInteger(value)) || value < 0) {
      throw notAnInteger(this.symbol, value);
    }
    return { symbol: this.symbol, value: `0x${value.toString(16)}` };
  }
}

/** All symbols of the pinned kernel, by name. */
export const kernelSymbols = new Proxy<KernelSymbols>(Object.create(null), {
  get: (_, name) => (typeof name === 'string' && SYMBOL_NAME.test(name) ? new SymbolHandle(name) : undefined),
  has: (_, name) => typeof name === 'string' && SYMBOL_NAME.test(name),
  set: () => false,
});

/** A text as it stands in `.config`. */
function quoted(symbol: string, text: string): string {
  if (CONTROL_CHARACTER.test(text)) {
    throw new SlicesError(
      'KERNEL_DEMAND_INVALID',
      `Cannot ask for ${symbol}=${JSON.stringify(text)}: the text has a control character`,
      { hint: 'A line of .config holds one text without line breaks.' },
    );
  }
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function notAnInteger(symbol: string, value: number | bigint): SlicesError {
  return new SlicesError(
    'KERNEL_DEMAND_INVALID',
    `Cannot ask for ${symbol}=${value}: the value has to be an integer, and not negative where it is hexadecimal`,
    { hint: 'Give a number that Kconfig can write down.' },
  );
}
