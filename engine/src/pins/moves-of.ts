/** Which moved pins nodes are built out of. */
import type { GraphNode } from '../graph/graph.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import type { MovedPins } from './overlay.ts';

/** Of what has moved, the sources and packages of those nodes. Throws `TOOLCHAIN_PACKAGE_UNKNOWN`. */
export function movesOf(nodes: readonly GraphNode[], lock: ToolchainLock, moved: MovedPins): MovedPins {
  if (moved.length === 0) return [];
  const sources = new Set(
    nodes.flatMap(({ source }) =>
      source?.kind === 'debian' && source.movedFrom !== undefined ? [source.package] : [],
    ),
  );
  const named = [...new Set(nodes.flatMap(({ packages }) => packages))];
  const packages = new Set(closureOf(lock, named).map(({ name }) => name));
  return moved.filter(({ kind, name }) => (kind === 'source' ? sources : packages).has(name));
}
