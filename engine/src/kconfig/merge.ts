/** Demands of many askers on one kernel: merged, and written as the fragment that Kconfig starts from. */
import { SlicesError } from '../errors.ts';
import { sameValue } from './dot-config.ts';
import { SYMBOL_NAME, type Demand } from './symbols.ts';

/** Demands of one asker. */
export interface DemandSource {
  /** Who asks, for errors: a slice's name, `board pc`, `profile cloud`. */
  readonly name: string;
  readonly demands: readonly Demand[];
}

/** A symbol's value and who asked for it. */
export interface MergedDemand extends Demand {
  /** Sorted. */
  readonly askedBy: readonly string[];
}

/**
 * Merges demands, sorted by symbol.
 *
 * @throws SlicesError `KERNEL_DEMAND_CONFLICT`, which names both askers and both values; `KERNEL_DEMAND_INVALID` for what is no
 *   line of `.config`, since not every definition has been through the compiler
 */
export function mergeDemands(sources: readonly DemandSource[]): readonly MergedDemand[] {
  const merged = new Map<string, { readonly value: string; readonly askedBy: Set<string> }>();
  for (const { name, demands } of sources) {
    for (const { symbol, value } of demands) {
      if (!SYMBOL_NAME.test(symbol) || symbol.startsWith('CONFIG_') || !VALUE.test(value)) {
        throw invalid(symbol, value, name);
      }
      const known = merged.get(symbol);
      if (known === undefined) merged.set(symbol, { value, askedBy: new Set([name]) });
      else if (sameValue(known.value, value)) known.askedBy.add(name);
      else throw conflict(symbol, [known.value, [...known.askedBy].join(', ')], [value, name]);
    }
  }
  return [...merged]
    .map(([symbol, { value, askedBy }]) => ({ symbol, value, askedBy: [...askedBy].toSorted() }))
    .toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

/** What can stand behind `=` in `.config`. */
const VALUE = /^(?:[ymn]|-?\d+|0x[0-9a-f]+|"(?:[^"\\\p{Cc}]|\\["\\])*")$/iu;

function invalid(symbol: string, value: string, asker: string): SlicesError {
  return new SlicesError(
    'KERNEL_DEMAND_INVALID',
    `Cannot configure the kernel: ${asker} asks for ${JSON.stringify(`${symbol}=${value}`)}`,
    {
      hint: 'Demands are made of k: k.EROFS_FS, k.MODULES.off(), k.NR_CPUS.is(64), without the prefix CONFIG_.',
      facts: { symbol, value, asker },
    },
  );
}

function conflict(symbol: string, [value, askers]: Asked, [other, asker]: Asked): SlicesError {
  return new SlicesError(
    'KERNEL_DEMAND_CONFLICT',
    `Cannot configure the kernel: ${askers} wants ${symbol}=${value}, ${asker} wants ${symbol}=${other}`,
    {
      hint: 'One of them has to give way; they cannot run on the same kernel.',
      facts: { symbol, value, other, asker },
    },
  );
}

/** A value and who wants it. */
type Asked = readonly [value: string, by: string];

/** The fragment for `KCONFIG_ALLCONFIG=<file> make allnoconfig`. What it does not name is off. */
export function fragmentOf(demands: readonly Demand[]): string {
  return demands
    .map(({ symbol, value }) =>
      value === 'n' ? `# CONFIG_${symbol} is not set\n` : `CONFIG_${symbol}=${value}\n`,
    )
    .join('');
}
