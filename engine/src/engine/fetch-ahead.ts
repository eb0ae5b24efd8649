/**
 * Brings what a build needs of Debian's archive into the cache before the first node is begun: what nobody has any more is then
 * said of all nodes at once, and not of one of them after minutes of building.
 */
import type { CacheDirectory } from '../cache-directory.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { Wanted } from '../sources/wanted.ts';
import { wantedPackage } from '../sources/wanted.ts';
import { absentOf, gather, missingError } from '../sources/gather.ts';
import { hasToolchainRoot } from '../toolchain/has-root.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import { diskFull, isDiskFull } from './disk-full.ts';
import type { BuildEvents } from './events.ts';

/** What {@link fetchAhead} is told. */
export interface FetchAhead {
  /** Nodes that are built for sure. */
  readonly nodes: readonly GraphNode[];
  readonly cache: CacheDirectory;
  readonly lock: ToolchainLock;
  readonly events: BuildEvents;
}

/** Throws `SOURCE_VERSION_GONE` with the list of all that is gone, `APT_FAILED`, `SOURCE_BAD_HASH`, `DISK_FULL` and the like. */
export async function fetchAhead({ nodes, cache, lock, events }: FetchAhead): Promise<void> {
  const absent = await absentOf(await wantedBy(nodes, lock, cache), cache);
  if (absent.length === 0) return;
  const files = absent.reduce((sum, each) => sum + each.files.length, 0);
  const onLine = (text: string): void => events({ kind: 'fetching', files, text });
  onLine('');
  const missing = await gather(absent, cache, onLine);
  if (missing.length === 0) return;
  const error = missingError(missing, cache);
  if (await isDiskFull(error, cache.sources)) throw await diskFull('fetch sources', cache.sources, error);
  throw error;
}

async function wantedBy(
  nodes: readonly GraphNode[],
  lock: ToolchainLock,
  cache: CacheDirectory,
): Promise<readonly Wanted[]> {
  const wanted: Wanted[] = [];
  for (const { source, packages } of nodes) {
    if (source?.kind === 'debian') {
      const { package: name, version, files } = source;
      wanted.push({ kind: 'source', name, version, files });
    }
    // Of a package that is not locked, its node has to say so.
    if (packages.some((name) => !lock.packages.some((each) => each.name === name))) continue;
    const closure = closureOf(lock, packages);
    if (!(await hasToolchainRoot(closure, cache))) wanted.push(...closure.map(wantedPackage));
  }
  return wanted;
}
