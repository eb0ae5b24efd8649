/**
 * Removes from a cache what none of the given graphs reaches: builds and their layers, kept workspaces of failed builds and,
 * if asked for, sources and toolchains. What is removed can be built or fetched again.
 */
import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import type { Platform } from '../define/target.ts';
import { draftsIn, processIdentity } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { removeTree } from '../files.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { withLock } from '../lock.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import { toolchainDigest } from '../toolchain/root.ts';
import { planOf } from './plan.ts';
import { treeState } from './state.ts';
import { openStore, type Store } from './store.ts';
import { sweep } from './sweep.ts';

/** What is kept and how it is gone about. */
export interface GcOptions {
  readonly keep: readonly Graph[];
  /** Platforms of which the last build of each node is kept. */
  readonly keepAllOf: readonly Platform[];
  readonly lock: ToolchainLock;
  /** Sources and toolchains as well; to have them again takes the network. */
  readonly sources: boolean;
  /** Removes nothing and says what it would remove. */
  readonly dryRun: boolean;
}

/** Something that was removed. */
export interface Removed {
  readonly kind: 'build' | 'layer' | 'workspace' | 'source' | 'toolchain';
  readonly path: string;
  /** Bytes; of trees that share files with others, what the files in it take. */
  readonly bytes: number;
}

/** What was removed, and how many builds are kept. */
export interface GcResult {
  readonly removed: readonly Removed[];
  readonly kept: number;
}

/** Collects. Throws `STORE_BUSY` while something is built, unless it is dry. */
export async function gc(cache: CacheDirectory, options: GcOptions): Promise<GcResult> {
  await mkdir(cache.work, { recursive: true });
  return withLock(
    join(cache.work, 'gc.lock'),
    () => {},
    async () => {
      if (!options.dryRun) {
        await assertIdle(cache);
        await sweep(cache);
      }
      const store = openStore(cache.store);
      const reached = await reachedBy(options, store);
      const found = [
        ...(await unreachedBuilds(store, reached)),
        ...(await all('workspace', join(cache.work, 'failed'), () => false)),
        ...(options.sources ? await unreachedSources(cache, options) : []),
      ];
      if (!options.dryRun) {
        for (const { path } of found) await removeTree(path);
        const { writeIndex } = await import('./layout-index.ts');
        await writeIndex(store);
      }
      return { removed: found, kept: reached.keys.size };
    },
  );
}

/** A builder that begins after this waits for the lock that is held here. */
async function assertIdle(cache: CacheDirectory): Promise<void> {
  const own = await processIdentity(process.pid);
  const drafts = await Promise.all([cache.work, join(cache.work, 'verify')].map((place) => draftsIn(place)));
  const busy = drafts.flat().find(({ state, owner }) => state !== 'ended' && owner !== own);
  if (busy === undefined) return;
  throw new SlicesError(
    'STORE_BUSY',
    `Cannot collect: process ${Number.parseInt(busy.owner, 10)} builds in ${cache.root}`,
    { hint: 'Try again when it is done.', facts: { process: Number.parseInt(busy.owner, 10) } },
  );
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
    for (const [id, state] of await treeState(planOf(graph), store, lock)) {
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

async function unreachedBuilds(store: Store, { nodes, keys }: Reached): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  for (const node of await store.nodes()) {
    if (!nodes.has(node)) removed.push(await sized('build', store.nodePath(node)));
  }
  const blobs = new Set(await indexedBlobs(store, nodes));
  for (const key of await store.keys()) {
    if (!keys.has(key)) removed.push(await sized('build', store.keyPath(key)));
    else for (const { digest } of Object.values((await store.read(key))?.outputs ?? {})) blobs.add(digest);
  }
  const reached = (name: string): boolean => blobs.has(`sha256:${name}`);
  return [...removed, ...(await all('layer', join(store.directory, 'blobs/sha256'), reached))];
}

/** The small blobs that the index leads to for nodes that are kept. */
async function indexedBlobs(store: Store, nodes: ReadonlySet<NodeId>): Promise<readonly string[]> {
  const text = await readFile(join(store.directory, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
  const { manifests }: { manifests: { digest: string; annotations: Record<string, string> }[] } =
    JSON.parse(text);
  const blobs: string[] = [];
  for (const { digest, annotations } of manifests) {
    const name = annotations['org.opencontainers.image.ref.name'] ?? '';
    if (!nodes.has(name.slice(0, name.lastIndexOf('/')))) continue;
    const manifest = await readFile(store.pathOf(digest), 'utf8').catch(() => '{}');
    const { config }: { config?: { digest: string } } = JSON.parse(manifest);
    blobs.push(digest, ...(config === undefined ? [] : [config.digest]));
  }
  return blobs;
}

async function unreachedSources(
  cache: CacheDirectory,
  { keep, lock }: GcOptions,
): Promise<readonly Removed[]> {
  const nodes = keep.flatMap((graph) => graph.nodes);
  const closures = nodes
    .filter(({ packages }) => packages.length > 0)
    .map(({ packages }) => closureOf(lock, packages));
  const packages = new Set(closures.flat().map(({ sha256 }) => sha256));
  const roots = new Set(closures.map(toolchainDigest));
  const commits = new Set(nodes.flatMap(({ source }) => (source?.kind === 'git' ? [source.commit] : [])));
  const files = new Set(packages);
  for (const { source } of nodes) {
    if (source?.kind === 'url') files.add(source.sha256);
    if (source?.kind === 'debian') source.files.forEach(({ sha256 }) => files.add(sha256));
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

/** What lies in a directory and is not reached. */
async function all(
  kind: Removed['kind'],
  directory: string,
  reached: (name: string) => boolean,
): Promise<readonly Removed[]> {
  const names = await readdir(directory).catch(() => []);
  return Promise.all(
    names.filter((name) => !reached(name)).map((name) => sized(kind, join(directory, name))),
  );
}

async function sized(kind: Removed['kind'], path: string): Promise<Removed> {
  return { kind, path, bytes: await bytesOf(path) };
}

async function bytesOf(path: string): Promise<number> {
  const { size } = await lstat(path);
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => (await lstat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, each) => sum + each, size);
}
