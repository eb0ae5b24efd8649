/** Small graphs and caches for tests of the engine. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheDirectory, cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import type { LayerEntry } from '../../src/define/recipe.ts';
import type { BuildEvent, BuildEvents } from '../../src/engine/events.ts';
import type { Graph, GraphNode } from '../../src/graph/graph.ts';
import { scratchDirectory } from '../support.ts';
import { COMMON_PACKAGES } from '../../toolchain/packages.ts';

/** A node that is assembled from one file. */
export function fileNode(name: string, contents: string, changes: Partial<GraphNode> = {}): GraphNode {
  const entry: LayerEntry = { type: 'file', path: `etc/${name}`, mode: 0o644, contents };
  return node(name, { recipe: { kind: 'entries', entries: [entry] }, packages: [], ...changes });
}

/** A node of steps, named by their numbers. */
export function stepsNode(
  name: string,
  scripts: readonly string[],
  changes: Partial<GraphNode> = {},
): GraphNode {
  const steps = scripts.map((script, index) => ({ name: `step ${index + 1}`, script }));
  return node(name, { recipe: { kind: 'steps', steps }, packages: COMMON_PACKAGES, ...changes });
}

function node(name: string, changes: Partial<GraphNode> & Pick<GraphNode, 'recipe'>): GraphNode {
  return {
    id: `${name}@x86_64`,
    name,
    version: '1',
    license: 'Apache-2.0',
    summary: 'A slice for a test',
    platform: 'x86_64',
    definedAt: `slices/${name}/slice.ts:1`,
    needs: [],
    options: {},
    facts: [],
    packages: [],
    outputs: { runtime: [''] },
    tests: [],
    budget: {},
    ...changes,
  };
}

/** A graph whose image holds all nodes with a runtime output. */
export function graphOf(nodes: readonly GraphNode[], changes: Partial<Graph> = {}): Graph {
  return {
    format: 'cocon.graph/1',
    profile: 'sample',
    board: 'sample',
    target: 'x86_64',
    commandLine: '',
    demands: [],
    nodes,
    image: nodes.filter(({ outputs }) => outputs.runtime !== undefined).map(({ id }) => id),
    tests: [],
    budget: {},
    layerBudget: 100,
    ...changes,
  };
}

/** A cache of its own that shares the usual one's toolchain and sources, which are the same by their names. */
export async function freshCache(): Promise<CacheDirectory> {
  const usual = cacheDirectory();
  const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
  await mkdir(cache.root);
  for (const name of ['toolchain', 'sources', 'apt'] as const) {
    await mkdir(usual[name], { recursive: true });
    await symlink(usual[name], cache[name]);
  }
  return cache;
}

/** Events that remember what happened, as "musl@x86_64 built". */
export function recorder(): {
  readonly events: BuildEvents;
  readonly seen: BuildEvent[];
  readonly words: () => string[];
} {
  const seen: BuildEvent[] = [];
  return {
    seen,
    events: (event) => void seen.push(event),
    words: () =>
      seen.flatMap((event) =>
        event.kind === 'line' || event.kind === 'step' || !('node' in event)
          ? []
          : [`${event.node.name} ${event.kind}`],
      ),
  };
}
