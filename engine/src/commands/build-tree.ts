/** What the commands that build have in common: the usual cache, the toolchain's lock, progress, and the kernel's proof. */
import type { Terminal } from '@cocon-os/cli';

import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { buildGraph, type BuiltNode } from '../engine/build.ts';
import { buildProgress } from '../engine/progress.ts';
import { presence } from '../engine/presence.ts';
import { kernelProof } from '../engine/prove.ts';
import { openStore, type Store } from '../engine/store.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { toolchainLock } from '../pins/pins.ts';
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

/** What of a graph is built, and how. */
export interface BuildTreeOptions {
  readonly targets?: readonly string[];
  readonly jobs?: number | undefined;
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
  const { targets = [], jobs, named = true } = options;
  const shellCommand = (node: NodeId): string => `cocon shell ${node}${treeOptions(graph)}`;
  const present = await presence(cache, sayThatItWaits(terminal));
  try {
    const built = await buildGraph(graph, {
      cache,
      lock: toolchainLock,
      events: buildProgress(terminal),
      targets,
      ...(jobs === undefined ? {} : { jobs }),
      ...(named ? { shellCommand } : {}),
      check: kernelProof(graph, cache),
    });
    const dispose = (): void => present[Symbol.dispose]();
    return { built, cache, store: openStore(cache.store), lock: toolchainLock, [Symbol.dispose]: dispose };
  } catch (thrown) {
    present[Symbol.dispose]();
    throw thrown;
  }
}
