/** What a slice may know of the kernel that it will run on. What it reads is noted, and is part of its key. */
import type { SwitchName } from '../kconfig/symbols.ts';

/** Answers from the demands of the whole system; the finished configuration is held against every answer. */
export interface KernelFacts {
  /** Whether someone demands the symbol: `kernel.has('IPV6')`. */
  has(symbol: SwitchName): boolean;
}

/** A fact and what was answered. */
export interface FactRead {
  readonly symbol: string;
  readonly value: boolean;
}

/** Facts that note what is read. `reads()` lists it, sorted, each symbol once. */
export function trackedFacts(isOn: (symbol: string) => boolean): {
  readonly facts: KernelFacts;
  readonly reads: () => readonly FactRead[];
} {
  const seen = new Map<string, boolean>();
  return {
    facts: {
      has(symbol) {
        const value = isOn(symbol);
        seen.set(symbol, value);
        return value;
      },
    },
    reads: () =>
      [...seen]
        .map(([symbol, value]) => ({ symbol, value }))
        .toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1)),
  };
}
