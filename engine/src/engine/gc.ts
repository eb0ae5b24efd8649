/**
 * Removes from a cache what none of the given graphs reaches: builds and their layers, kept workspaces of failed builds and,
 * if asked for, sources and toolchains. What is removed can be built or fetched again, but for sources that the mirror no longer
 * has, and what somebody has mended by hand in a workspace.
 */
import { lstat, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import type { Platform } from '../define/target.ts';
import { draftOf, isDraft } from '../drafts.ts';
import { hasCode, removeTree } from '../files.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { toolchainOf } from '../pins/additions.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import { toolchainDigest } from '../toolchain/root.ts';
import { imagesOf, writeIndex } from './layout-index.ts';
import { planOf } from './plan.ts';
import { alone, presence } from './presence.ts';
import { treeState } from './state.ts';
import { openStore, type Store } from './store.ts';
import { sweepAll } from './sweep.ts';

/** What is kept and how it is gone about. */
export interface GcOptions {
  readonly keep: readonly Graph[];
  /** Platforms of which the last build of each node is kept. */
  readonly keepAllOf: readonly Platform[];
  /** Of this repository; what a graph's project adds, the graph holds. */
  readonly lock: ToolchainLock;
  /** Sources and toolchains as well; to have them again takes the network. */
  readonly sources: boolean;
  /** Removes nothing and says what it would remove. */
  readonly dryRun: boolean;
}

/** Something that was removed. */
export interface Removed {
  readonly kind: 'build' | 'layer' | 'workspace' | 'objects' | 'source' | 'toolchain';
  readonly path: string;
  /** Bytes; of trees that share files with others, what the files in it take. */
  readonly bytes: number;
}

/** What was removed, and how many builds are kept. */
export interface GcResult {
  readonly removed: readonly Removed[];
  readonly kept: number;
}

/**
 * Collects. Whenever it is killed, what is left is a sound store with some garbage in it.
 *
 * @throws SlicesError `STORE_BUSY` while another process uses the cache, unless it is dry
 */
export async function gc(cache: CacheDirectory, options: GcOptions): Promise<GcResult> {
  if (!options.dryRun) return alone(cache, 'collect', () => collect(cache, options));
  using _ = await presence(cache);
  const { notes, others, kept } = await find(cache, options);
  return { removed: [...notes, ...others], kept };
}

/** First what leads to other things, and those last. */
async function collect(cache: CacheDirectory, options: GcOptions): Promise<GcResult> {
  await sweepAll(cache);
  const { notes, others, kept } = await find(cache, options);
  for (const { path } of notes) await removeTree(path);
  await writeIndex(openStore(cache.store));
  for (const { path } of others) await discard(path);
  return { removed: [...notes, ...others], kept };
}

/** A tree is gone in one moment: what is left of one that is half removed would be taken for a whole one. */
async function discard(path: string): Promise<void> {
  let gone = path;
  if ((await lstat(path)).isDirectory()) {
    gone = await draftOf(path);
    await rename(path, gone);
  }
  await removeTree(gone);
}

/** What can go. */
interface Found {
  /** Notes of builds, those of nodes before those of keys. */
  readonly notes: readonly Removed[];
  readonly others: readonly Removed[];
  /** Builds that stay. */
  readonly kept: number;
}

async function find(cache: CacheDirectory, options: GcOptions): Promise<Found> {
  const store = openStore(cache.store);
  const reached = await reachedBy(options, store);
  const { notes, layers } = await unreachedBuilds(store, reached);
  const workspaces = await all('workspace', join(cache.work, 'failed'), () => false);
  const nodes: ReadonlySet<string> = reached.nodes;
  const objects = await all('objects', cache.compiled, (name) => nodes.has(name));
  const sources = options.sources ? await unreachedSources(cache, options) : [];
  return { notes, others: [...layers, ...workspaces, ...objects, ...sources], kept: reached.keys.size };
}

interface Reached {
  readonly nodes: ReadonlySet<NodeId>;
  readonly keys: ReadonlySet<string>;
}

/** Of each node of the graphs: its key as it is now, and its last one. Tools of this machine are in no image, and are kept. */
async function reachedBy({ keep, keepAllOf, lock }: GcOptions, store: Store): Promise<Reached> {
  const nodes = new Set<NodeId>();
  const keys = new Set<string>();
  for (const graph of keep) {
    for (const [id, state] of await treeState(planOf(graph), store, toolchainOf(graph, lock))) {
      nodes.add(id);
      if (state.kind === 'current') keys.add(state.key);
      const last = await store.last(id);
      if (last !== undefined) keys.add(last.key);
    }
  }
  for (const node of await store.nodes()) {
    const whole = ['host', ...keepAllOf].some((platform) => node.endsWith(`@${platform}`));
    const last = whole ? await store.last(node) : undefined;
    if (last === undefined) continue;
    nodes.add(node);
    keys.add(last.key);
  }
  return { nodes, keys };
}

async function unreachedBuilds(
  store: Store,
  { nodes, keys }: Reached,
): Promise<{ readonly notes: readonly Removed[]; readonly layers: readonly Removed[] }> {
  const goneNodes: string[] = [];
  const goneKeys: string[] = [];
  const staying: NodeId[] = [];
  for (const node of await store.nodes()) {
    if (nodes.has(node)) staying.push(node);
    else goneNodes.push(store.nodePath(node));
  }
  const images = await imagesOf(store, staying);
  const blobs = new Set(images.flatMap((image) => image.blobs.map(({ digest }) => digest)));
  for (const key of await store.keys()) {
    if (!keys.has(key)) goneKeys.push(store.keyPath(key));
    else for (const { digest } of Object.values((await store.read(key))?.outputs ?? {})) blobs.add(digest);
  }
  const reached = (name: string): boolean => blobs.has(`sha256:${name}`);
  return {
    notes: await allSized('build', [...goneNodes, ...goneKeys]),
    layers: await all('layer', join(store.directory, 'blobs/sha256'), reached),
  };
}

async function unreachedSources(
  cache: CacheDirectory,
  { keep, lock }: GcOptions,
): Promise<readonly Removed[]> {
  const nodes = keep.flatMap((graph) => graph.nodes);
  const closures = keep.flatMap((graph) =>
    graph.nodes
      .filter(({ packages }) => packages.length > 0)
      .map(({ packages }) => closureOf(toolchainOf(graph, lock), packages)),
  );
  const packages = new Set(closures.flat().map(({ sha256 }) => sha256));
  const roots = new Set(closures.map(toolchainDigest));
  const commits = new Set(nodes.flatMap(({ source }) => (source?.kind === 'git' ? [source.commit] : [])));
  const files = new Set(packages);
  for (const { source } of nodes) {
    if (source?.kind === 'url') files.add(source.sha256);
    if (source?.kind === 'crates') source.crates.forEach(({ sha256 }) => files.add(sha256));
    if (source?.kind === 'debian') source.files.forEach(({ sha256 }) => files.add(sha256));
    if (source !== undefined && 'patches' in source)
      source.patches?.forEach(({ sha256 }) => files.add(sha256));
  }
  const git = join(cache.sources, 'git');
  for (const commit of commits) {
    files.add((await readFile(join(git, commit), 'utf8').catch(() => '')).trim());
  }
  return [
    ...(await all('source', cache.sources, (name) => name === 'git' || files.has(name))),
    ...(await all('source', git, (name) => commits.has(name))),
    ...(await all('toolchain', cache.toolchain, (name) => name === 'packages' || roots.has(name))),
    ...(await all('toolchain', join(cache.toolchain, 'packages'), (name) => packages.has(name))),
  ];
}

/** What lies in a directory and is not reached. What somebody works on just now is no garbage. */
async function all(
  kind: Removed['kind'],
  directory: string,
  reached: (name: string) => boolean,
): Promise<readonly Removed[]> {
  const names = await readdir(directory).catch(() => []);
  const unreached = names.filter((name) => !reached(name) && !isDraft(name));
  return allSized(
    kind,
    unreached.map((name) => join(directory, name)),
  );
}

/** Who is dry is not alone: what goes meanwhile is left out. */
async function allSized(kind: Removed['kind'], paths: readonly string[]): Promise<readonly Removed[]> {
  const found: Removed[] = [];
  for (const path of paths) {
    const bytes = await bytesOf(path);
    if (bytes !== undefined) found.push({ kind, path, bytes });
  }
  return found;
}

async function bytesOf(path: string): Promise<number | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return undefined;
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(entries.map((entry) => sizeOf(join(entry.parentPath, entry.name))));
  return sizes.reduce<number>((sum, each) => sum + (each ?? 0), size);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (hasCode(error, ['ENOENT', 'ENOTDIR'])) return undefined;
    throw error;
  }
}
