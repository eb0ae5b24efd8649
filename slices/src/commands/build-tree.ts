/** What the commands that build have in common: the usual cache, the toolchain's lock, progress, and the kernel's proof. */
import type { Terminal } from '@cocon-os/cli';

import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { buildGraph, type BuiltNode } from '../engine/build.ts';
import { buildProgress } from '../engine/progress.ts';
import { kernelProof } from '../engine/prove.ts';
import { openStore, type Store } from '../engine/store.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import lock from '../../toolchain/lock.json' with { type: 'json' };

/** A finished build. */
export interface BuiltTree {
  readonly built: ReadonlyMap<NodeId, BuiltNode>;
  readonly cache: CacheDirectory;
  readonly store: Store;
  readonly lock: ToolchainLock;
}

/** Builds a graph in the usual cache. Throws what {@link buildGraph} throws. */
export async function buildTree(
  graph: Graph,
  terminal: Terminal,
  options: { readonly targets?: readonly string[]; readonly jobs?: number | undefined } = {},
): Promise<BuiltTree> {
  const cache = cacheDirectory();
  const { targets = [], jobs } = options;
  const built = await buildGraph(graph, {
    cache,
    lock,
    events: buildProgress(terminal),
    targets,
    ...(jobs === undefined ? {} : { jobs }),
    check: kernelProof(graph, cache),
  });
  return { built, cache, store: openStore(cache.store), lock };
}
