/**
 * What slices ask of a Kconfig tree (the kernel's, or busybox's own), merged, written as a fragment for
 * `KCONFIG_ALLCONFIG`, and proved against the configuration that came of it.
 *
 * Kconfig drops without a word what it cannot satisfy: a symbol that was renamed, or one whose dependency is off. So
 * nothing is believed until {@link assertDemandsHold} has read the result.
 */
import type { KernelDemand } from '../define-slice.ts';
import { SlicesError } from '../errors.ts';

/** Demands of one asker. */
export interface DemandSource {
  /** Who asks, for errors: a slice's name. */
  readonly name: string;
  readonly demands: readonly KernelDemand[];
}

/** A symbol's value and who asked for it. */
export interface MergedDemand {
  readonly symbol: string;
  /** As it stands in `.config`: `y`, `64`, `"text"`. */
  readonly value: string;
  readonly askedBy: readonly string[];
}

const DEMAND = /^([A-Z0-9][A-Za-z0-9_]*)=(y|n|-?\d+|0x[0-9a-f]+|"[^"\n]*")$/;

/** Demands written as words with white space between them; a word without a value means `=y`. */
export function demandsIn(text: string): KernelDemand[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => (word.includes('=') ? word : `${word}=y`));
}

/**
 * Merges demands, sorted by symbol.
 *
 * @throws SlicesError `KERNEL_DEMAND_INVALID`, `KERNEL_DEMAND_CONFLICT`
 */
export function mergeDemands(sources: readonly DemandSource[]): MergedDemand[] {
  const merged = new Map<string, { symbol: string; value: string; askedBy: string[] }>();
  for (const { name, demands } of sources) {
    for (const demand of demands) {
      const { symbol, value } = parseDemand(demand, name);
      const known = merged.get(symbol);
      if (known === undefined) {
        merged.set(symbol, { symbol, value, askedBy: [name] });
      } else if (known.value !== value) {
        throw new SlicesError(
          'KERNEL_DEMAND_CONFLICT',
          `Cannot configure the kernel: ${known.askedBy.join(', ')} want ${symbol}=${known.value}, ${name} wants ${symbol}=${value}`,
          { hint: 'One of these slices has to give way; they cannot run on the same kernel.' },
        );
      } else if (!known.askedBy.includes(name)) {
        known.askedBy.push(name);
      }
    }
  }
  return [...merged.values()].toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

/** The fragment for `KCONFIG_ALLCONFIG=<file> make allnoconfig`. What it does not name is off. */
export function fragmentOf(demands: readonly MergedDemand[]): string {
  return demands
    .map(({ symbol, value }) =>
      value === 'n' ? `# CONFIG_${symbol} is not set\n` : `CONFIG_${symbol}=${value}\n`,
    )
    .join('');
}

/**
 * Proves that a finished `.config` holds every demand.
 *
 * @throws SlicesError `KERNEL_DEMAND_LOST`, which names each symbol, what became of it and who asked
 */
export function assertDemandsHold(config: string, demands: readonly MergedDemand[]): void {
  const found = new Map<string, string>();
  for (const [, symbol = '', value = ''] of config.matchAll(/^CONFIG_(\w+)=(.+)$/gm))
    found.set(symbol, value);
  const lost = demands.filter(({ symbol, value }) => (found.get(symbol) ?? 'n') !== value);
  if (lost.length === 0) return;
  const rows = lost.map(
    ({ symbol, value, askedBy }) =>
      `  ${symbol}=${value}, asked for by ${askedBy.join(', ')}: found ${found.get(symbol) ?? 'it off or unknown'}`,
  );
  throw new SlicesError(
    'KERNEL_DEMAND_LOST',
    `Cannot configure the kernel: ${lost.length} of ${demands.length} demands are not met\n${rows.join('\n')}`,
    {
      hint: 'Look the symbol up in the Kconfig files of this version: it may have a dependency that no slice asks for, or another name.',
    },
  );
}

function parseDemand(demand: string, askedBy: string): { symbol: string; value: string } {
  const [, symbol, value] = DEMAND.exec(demand) ?? [];
  if (symbol === undefined || value === undefined || symbol.startsWith('CONFIG_')) {
    throw new SlicesError(
      'KERNEL_DEMAND_INVALID',
      `Cannot read the kernel demand "${demand}" of ${askedBy}`,
      {
        hint: 'Write it like EROFS_FS=y, NR_CPUS=64 or DEFAULT_HOSTNAME="cocon", without the prefix CONFIG_.',
      },
    );
  }
  return { symbol, value };
}
