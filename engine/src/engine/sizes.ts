/** How large slices are, what grew since the last build, and whether each keeps its budget. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { formatBytes } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { SlicesError } from '../errors.ts';
import { exists } from '../files.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { stableJson } from '../stable-json.ts';
import type { BuiltNode } from './build.ts';
import { writeNote, type Store } from './store.ts';

/** The size of one slice. */
export interface SliceSize {
  readonly node: NodeId;
  /** Sum of the bytes of the files of its runtime layer. */
  readonly fileBytes: number;
  readonly digest: string;
  /** Of the last build of the same profile and board that kept all budgets. */
  readonly before?: { readonly fileBytes: number; readonly digest: string };
  readonly budget?: number;
}

type Noted = Readonly<Record<NodeId, { readonly fileBytes: number; readonly digest: string }>>;

/** The sizes of what was built: those of the image from the bottom up, then of what others were only built with. */
export async function sizesOf(
  graph: Graph,
  built: ReadonlyMap<NodeId, BuiltNode>,
  cache: CacheDirectory,
): Promise<readonly SliceSize[]> {
  const noted = await readNoted(placeOf(graph, cache));
  return [...new Set([...graph.image, ...built.keys()])].flatMap((id): SliceSize[] => {
    const found = built.get(id);
    const runtime = found?.outputs.runtime;
    if (found === undefined || runtime === undefined) return [];
    const { fileBytes, digest } = runtime;
    const budget = found.node.budget.sizeBytes;
    const before = noted[id];
    return [
      {
        node: id,
        fileBytes,
        digest,
        ...(before === undefined ? {} : { before }),
        ...(budget === undefined ? {} : { budget }),
      },
    ];
  });
}

/**
 * Proves that each slice keeps its budget.
 *
 * @throws SlicesError `BUDGET_EXCEEDED`, which names the slices and what grew
 */
export async function proveBudgets(sizes: readonly SliceSize[], store: Store): Promise<void> {
  const over = sizes.filter(({ fileBytes, budget }) => budget !== undefined && fileBytes > budget);
  if (over.length === 0) return;
  const rows = await Promise.all(over.map((each) => describeExcess(each, store)));
  throw new SlicesError('BUDGET_EXCEEDED', `Cannot accept the build: ${rows.join('\n')}`, {
    hint: "Make it smaller again, or raise budget.size in its definition and say why; the kernel's is budget.kernel of profile and board.",
    facts: { nodes: over.map(({ node }) => node).join(' ') },
  });
}

/** Notes sizes that kept all budgets for the next build. What was not built now keeps its note. */
export async function noteSizes(
  graph: Graph,
  sizes: readonly SliceSize[],
  cache: CacheDirectory,
): Promise<void> {
  const path = placeOf(graph, cache);
  const now = sizes.map(({ node, fileBytes, digest }) => [node, { fileBytes, digest }] as const);
  const noted: Noted = { ...(await readNoted(path)), ...Object.fromEntries(now) };
  const text = `${stableJson(noted, 1)}\n`;
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeNote(path, text);
}

async function describeExcess(size: SliceSize, store: Store): Promise<string> {
  const { node, fileBytes, budget = 0, before } = size;
  const head = `${node} has ${formatBytes(fileBytes)}, ${formatBytes(fileBytes - budget)} over its budget of ${formatBytes(budget)}`;
  if (before === undefined) return head;
  const grown = await grownFiles(size, store);
  const change = formatChange(fileBytes - before.fileBytes);
  return [`${head}; since the last build: ${change}`, ...grown.map((row) => `  ${row}`)].join('\n');
}

/** Files that are named, at most. */
const FILES_NAMED = 8;

/** The files that changed in size since the last build, the most first; none when that layer is gone. */
export async function grownFiles({ digest, before }: SliceSize, store: Store): Promise<readonly string[]> {
  if (before === undefined || before.digest === digest) return [];
  const [now, then] = [store.pathOf(digest), store.pathOf(before.digest)];
  if (!(await exists(now)) || !(await exists(then))) return [];
  const [after, earlier] = [await fileSizes(now), await fileSizes(then)];
  const changes = [...new Set([...after.keys(), ...earlier.keys()])].map((path) => ({
    path,
    change: (after.get(path) ?? 0) - (earlier.get(path) ?? 0),
  }));
  return changes
    .filter(({ change }) => change !== 0)
    .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change))
    .slice(0, FILES_NAMED)
    .map(({ path, change }) => `${path} ${formatChange(change)}`);
}

async function fileSizes(layer: string): Promise<ReadonlyMap<string, number>> {
  const { readLayer } = await import('../layer/read-layer.ts');
  const members = await readLayer(layer);
  return new Map(members.flatMap(({ path, what }) => (what.type === 'file' ? [[path, what.size]] : [])));
}

/** "+1.5 KiB", "-12 B". */
export function formatChange(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${formatBytes(Math.abs(bytes))}`;
}

function placeOf({ profile, board }: Graph, cache: CacheDirectory): string {
  return join(cache.sizes, `${profile}@${board}.json`);
}

async function readNoted(path: string): Promise<Noted> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by noteSizes(); sizes are for people
    return JSON.parse(text) as Noted;
  } catch {
    return {};
  }
}
