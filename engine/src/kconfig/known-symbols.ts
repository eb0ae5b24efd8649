/**
 * The names of a kernel's symbols, to tell a slip in a demand before anything is built. A list of them lies in the cache beside
 * the Kconfig files that it was made from: to parse those takes a second, to read the list a hundredth of one.
 */
import { readFile } from 'node:fs/promises';

import type { CacheDirectory } from '../cache-directory.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { CONFIG_SLICE } from '../engine/kernel-config.ts';
import { writeWhole } from '../engine/store.ts';
import { SlicesError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { nearNames } from '../near-names.ts';
import { extractedKconfig, KERNEL_ARCHITECTURES, readKconfigTrees } from './tree.ts';

/** Raised when other names come of the same Kconfig files. */
const LISTER = 1;

/** A name that somebody has asked about. */
interface Asked {
  readonly symbol: string;
  /** Who asks, as `board pc`. */
  readonly by: string;
  /** Whether a kernel without it would do: a symbol of another processor may be asked to be off. */
  readonly isOff: boolean;
}

/**
 * Throws `NAME_UNKNOWN` for symbols in the demands of a graph, and in what its slices have asked of the kernel, that its kernel
 * does not have. Where the kernel's Kconfig files are not in the cache nothing is said: a build fetches them, and proves
 * every demand.
 */
export async function refuseUnknownSymbols(graph: Graph, cache: CacheDirectory): Promise<void> {
  const source = graph.nodes.find(({ name }) => name === CONFIG_SLICE)?.source;
  if (source?.kind !== 'debian') return;
  const [upstream] = source.files;
  const directory = upstream === undefined ? undefined : await extractedKconfig(upstream.sha256, cache);
  if (directory === undefined) return;
  const lines = await namesIn(directory);
  const own = namesOf(lines, TARGET_NAMES[graph.target].linux);
  const foreign = askedOf(graph).filter(({ symbol }) => !own.has(symbol));
  if (foreign.length === 0) return;
  const all = new Set(KERNEL_ARCHITECTURES.flatMap((each) => [...namesOf(lines, each)]));
  const unknown = foreign.filter(({ symbol, isOff }) => !isOff || !all.has(symbol));
  if (unknown.length === 0) return;
  const symbols = [...new Set(unknown.map(({ symbol }) => symbol))];
  const rows = symbols.map((symbol) => {
    const askers = new Set(unknown.flatMap((each) => (each.symbol === symbol ? [each.by] : [])));
    const where = all.has(symbol) ? ` for ${graph.target}` : '';
    return `${symbol}${where}, which ${[...askers].join(', ')} asks for`;
  });
  const meant = symbols.flatMap((symbol) => near(symbol, own));
  throw new SlicesError(
    'NAME_UNKNOWN',
    `Cannot configure the kernel: it has no symbol ${rows.join('; nor ')}`,
    {
      hint:
        meant.length > 0
          ? `Did you mean ${[...new Set(meant)].join(' or ')}?`
          : 'cocon kernel config prints those that it has, for this board.',
      facts: { kind: 'symbol', name: symbols[0] ?? '' },
    },
  );
}

function askedOf({ demands, nodes }: Graph): readonly Asked[] {
  return [
    ...demands.flatMap(({ symbol, value, askedBy }) =>
      askedBy.map((by) => ({ symbol, by, isOff: value === 'n' })),
    ),
    // A slice that looks whether another processor's symbol is on is told that it is not.
    ...nodes.flatMap(({ name, facts }) => facts.map(({ symbol }) => ({ symbol, by: name, isOff: true }))),
  ];
}

/** Names of symbols are in capitals, whoever writes them otherwise. */
function near(symbol: string, names: ReadonlySet<string>): readonly string[] {
  const capital = symbol.toUpperCase();
  return names.has(capital) ? [capital] : nearNames(capital, names);
}

/** One line for each architecture: its name in the kernel, then the symbols. */
async function namesIn(directory: string): Promise<readonly string[]> {
  const list = `${directory}.names-${LISTER}`;
  const known = await readFile(list, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.split('\n');
  const lines = readKconfigTrees(directory, KERNEL_ARCHITECTURES).map(({ architecture, symbols }) =>
    [architecture, ...[...symbols].map(({ name }) => name).toSorted()].join(' '),
  );
  // Of a cache that nobody may write to it is made each time.
  await writeWhole(list, lines.join('\n')).catch(() => {});
  return lines;
}

function namesOf(lines: readonly string[], architecture: string): ReadonlySet<string> {
  const line = lines.find((each) => each.startsWith(`${architecture} `)) ?? '';
  return new Set(line.split(' ').slice(1));
}
