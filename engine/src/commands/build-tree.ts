/** What the commands that build have in common: the usual cache, the toolchain's lock, progress, and the kernel's proof. */
import { formatCount, type Terminal } from '@cocon-os/cli';

import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { buildGraph, type BuiltNode } from '../engine/build.ts';
import { buildProgress } from '../engine/progress.ts';
import { presence } from '../engine/presence.ts';
import { kernelProof } from '../engine/prove.ts';
import { openStore, type Store } from '../engine/store.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { toolchainOf } from '../pins/additions.ts';
import { movesOf } from '../pins/moves-of.ts';
import { movedPins } from '../pins/pins.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import { treeOptions } from './context.ts';
import { sayThatItWaits } from './waiting.ts';

/** A finished build. What it came to stays in the store until this is disposed of. */
export interface BuiltTree extends Disposable {
  readonly built: ReadonlyMap<NodeId, BuiltNode>;
  readonly cache: CacheDirectory;
  readonly store: Store;
  readonly lock: ToolchainLock;
}

/** A build is strict, but for what the lock of this machine's cache has moved before: nobody should miss that. */
function sayWhatMoved(graph: Graph, terminal: Terminal): void {
  const moved = movesOf(graph.nodes, toolchainOf(graph), movedPins);
  if (moved.length === 0) return;
  const sources = moved.filter(({ kind }) => kind === 'source');
  const packages = moved.length - sources.length;
  const words = [
    ...sources.map(({ name, from = 'none', to = 'none' }) => `${name} ${from} -> ${to}`),
    ...(packages === 0 ? [] : [formatCount(packages, 'package') + ' of the toolchain']),
  ];
  terminal.err(`pins moved on this machine: ${words.join(', ')} (cocon pins check)\n`);
}

/** What of a graph is built, and how. */
export interface BuildTreeOptions {
  readonly targets?: readonly string[];
  readonly jobs?: number | undefined;
  /** Whether objects of earlier builds are used. They are, if not given. */
  readonly compilerCache?: boolean;
  /** Whether commands come to this graph by the names of its profile and board. They do, if not given. */
  readonly named?: boolean;
}

/** Builds a graph in the usual cache. Throws what {@link buildGraph} throws. */
export async function buildTree(
  graph: Graph,
  terminal: Terminal,
  options: BuildTreeOptions = {},
): Promise<BuiltTree> {
  const cache = cacheDirectory();
  const { targets = [], jobs, compilerCache = true, named = true } = options;
  const lock = toolchainOf(graph);
  const shellCommand = (node: NodeId): string => `cocon shell ${node}${treeOptions(graph)}`;
  sayWhatMoved(graph, terminal);
  const present = await presence(cache, sayThatItWaits(terminal));
  try {
    const built = await buildGraph(graph, {
      cache,
      lock,
      events: buildProgress(terminal),
      targets,
      compilerCache,
      ...(jobs === undefined ? {} : { jobs }),
      ...(named ? { shellCommand } : {}),
      check: kernelProof(graph, cache),
    });
    const dispose = (): void => present[Symbol.dispose]();
    return { built, cache, store: openStore(cache.store), lock, [Symbol.dispose]: dispose };
  } catch (thrown) {
    present[Symbol.dispose]();
    throw thrown;
  }
}
