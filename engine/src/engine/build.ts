/**
 * Builds a graph: each node at most once, several at a time, and none whose key the store has.
 *
 * A node whose needs are there is looked up by its key; if it has to be built it waits for its turn, and of those that
 * wait the one at the head of the longest chain is begun first. A failed node stops those that need it and nobody else.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { OUTPUT_NAMES } from '../define/recipe.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import type { Graph, GraphNode, NodeId } from '../graph/graph.ts';
import { withLock } from '../lock.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import type { NodeJob } from './build-node.ts';
import { silentEvents, type BuildEvents } from './events.ts';
import { codeDigest, keyOf, keyRecord } from './key.ts';
import { chainSeconds, planOf, type Plan } from './plan.ts';
import { presence } from './presence.ts';
import { StepFailed } from './run-steps.ts';
import { proveBlob } from './sound-blob.ts';
import { isUnwritable, openStore, type Store, type StoredOutput, type StoredOutputs } from './store.ts';

/** Where and how to build. */
export interface BuildOptions {
  readonly cache: CacheDirectory;
  readonly lock: ToolchainLock;
  readonly events?: BuildEvents;
  /** Nodes that are built at the same time; as many as there are processors, if not given. */
  readonly jobs?: number;
  /** Whether objects of earlier builds are used, where a recipe allows it; they are, if not given. */
  readonly compilerCache?: boolean;
  /** Ids or slice names; all, if not given. */
  readonly targets?: readonly string[];
  /** The command that opens a shell where a node has failed; errors name it. Not given where no command comes to this graph. */
  shellCommand?(node: NodeId): string;
  /** Looks at a node that is there, and throws when it must not be used. */
  check?(node: GraphNode, outputs: StoredOutputs, store: Store): Promise<void>;
}

/** A node and what it came to. */
export interface BuiltNode {
  readonly node: GraphNode;
  readonly key: string;
  readonly outputs: StoredOutputs;
  /** Whether it was built now and not found. */
  readonly built: boolean;
}

/**
 * Builds.
 *
 * @throws SlicesError that of the node that failed; of several, one that holds all their messages
 */
export async function buildGraph(
  graph: Graph,
  options: BuildOptions,
): Promise<ReadonlyMap<NodeId, BuiltNode>> {
  const plan = planOf(graph, options.targets);
  const build = new Build(plan, options);
  try {
    // Before the first look: what it finds must not be taken away.
    using _ = await presence(options.cache);
    return await build.run();
  } catch (error) {
    throw await told(error, options.cache);
  } finally {
    options.events?.({ kind: 'over' });
  }
}

/** One run over a plan. */
class Build {
  readonly #plan: Plan;
  readonly #options: BuildOptions;
  readonly #store: Store;
  readonly #events: BuildEvents;
  readonly #looked = new Set<NodeId>();
  readonly #done = new Map<NodeId, BuiltNode>();
  readonly #failed = new Map<NodeId, SlicesError>();
  readonly #waiting: NodeJob[] = [];
  readonly #running = new Map<NodeId, Promise<void>>();
  /** Whether blobs that builds read are what they are called, by digest. */
  readonly #proved = new Map<string, Promise<void>>();
  #code = '';
  #stopped = false;
  /** Whether some node has another last key than before. */
  #changed = false;

  constructor(plan: Plan, options: BuildOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#store = openStore(options.cache.store);
    this.#events = options.events ?? silentEvents;
  }

  async run(): Promise<ReadonlyMap<NodeId, BuiltNode>> {
    const { nodes } = this.#plan;
    this.#code = await codeDigest();
    this.#events({ kind: 'planned', total: nodes.length });
    for (const node of nodes) if (node.needs.length === 0) await this.#look(node);
    if (this.#waiting.length > 0) await this.#buildWaiting();
    if (this.#changed) {
      const { writeIndex } = await import('./layout-index.ts');
      await writeIndex(this.#store);
    }
    this.#leaveOut();
    const errors = nodes.flatMap(({ id }) => this.#failed.get(id) ?? []);
    if (errors.length > 0) throw failureOf(errors, nodes.length);
    return this.#done;
  }

  /** Takes a node whose needs are there from the store, or puts it among those that wait. */
  async #look(node: GraphNode): Promise<void> {
    if (this.#looked.has(node.id)) return;
    this.#looked.add(node.id);
    try {
      const needs = this.#needsOf(node);
      const digests = Object.fromEntries([...needs].map(([name, output]) => [name, output.digest]));
      const { lock, cache } = this.#options;
      const record = keyRecord(node, { lock, code: this.#code, needs: digests });
      const key = keyOf(record);
      const found = await this.#store.find(key);
      if (found !== undefined) {
        await this.#finish({ node, key, outputs: found.outputs, built: false });
        return;
      }
      const logPath = join(cache.logs, `${node.id}.log`);
      const [store, events] = [this.#store, this.#events];
      this.#waiting.push({ node, record, key, needs, cache, store, lock, events, logPath });
    } catch (thrown) {
      this.#fail(node, thrown);
    }
  }

  #needsOf(node: GraphNode): ReadonlyMap<string, StoredOutput> {
    return new Map(
      node.needs.map((id) => {
        const { dev } = this.#done.get(id)?.outputs ?? {};
        if (dev !== undefined) return [this.#plan.node(id).name, dev];
        throw new SlicesError('SLICE_INVALID', `Cannot build ${node.id}: ${id} has no dev output`, {
          hint: `Add dev to the outputs of ${id} (${this.#plan.node(id).definedAt}).`,
          facts: { slice: node.name, field: 'needs', file: node.definedAt },
        });
      }),
    );
  }

  async #buildWaiting(): Promise<void> {
    const { cache, jobs = availableParallelism() } = this.#options;
    const { sweep } = await import('./sweep.ts');
    await sweep(cache);
    const { fetchAhead } = await import('./fetch-ahead.ts');
    const { lock } = this.#options;
    await fetchAhead({ nodes: await this.#builtForSure(), cache, lock, events: this.#events });
    const chains = await chainSeconds(this.#plan, this.#store);
    const rank = ({ node }: NodeJob): number => chains.get(node.id) ?? 0;
    while (this.#waiting.length > 0 || this.#running.size > 0) {
      this.#waiting.sort((a, b) => rank(b) - rank(a));
      while (!this.#stopped && this.#running.size < jobs) {
        const job = this.#waiting.shift();
        if (job === undefined) break;
        this.#running.set(job.node.id, this.#build(job));
      }
      if (this.#running.size === 0) break;
      await Promise.race(this.#running.values());
    }
  }

  /**
   * Nodes of which it is known already that the store does not have them. Of one whose needs have yet to be built it is, if
   * it was never built; another may come to the same key as before.
   */
  async #builtForSure(): Promise<readonly GraphNode[]> {
    const stale = new Set(this.#waiting.map(({ node }) => node.id));
    const nodes: GraphNode[] = [];
    for (const node of this.#plan.nodes) {
      if (this.#done.has(node.id) || this.#failed.has(node.id)) continue;
      if (stale.has(node.id) || (await this.#store.last(node.id)) === undefined) nodes.push(node);
    }
    return nodes;
  }

  async #build(job: NodeJob): Promise<void> {
    const { node, key } = job;
    this.#events({ kind: 'started', node });
    try {
      await withLock(
        join(job.cache.work, `${key}.lock`),
        () => this.#events({ kind: 'step', node, step: 'wait for another process that builds it' }),
        async () => {
          const found = await this.#store.find(key);
          if (found === undefined) await this.#buildNow(job);
          else await this.#finish({ node, key, outputs: found.outputs, built: false });
        },
      );
    } catch (thrown) {
      this.#fail(node, await told(thrown, job.cache));
    }
    this.#running.delete(node.id);
  }

  async #buildNow(job: NodeJob): Promise<void> {
    const { node, key, record } = job;
    const [{ buildNode }, { compilerCacheOf }, { StepLines }] = await Promise.all([
      import('./build-node.ts'),
      import('./compiler-cache.ts'),
      import('./step-lines.ts'),
    ]);
    const began = performance.now();
    for (const { digest } of job.needs.values()) await this.#proveNeed(digest);
    const compilerCache =
      this.#options.compilerCache === false ? undefined : await compilerCacheOf(node, record, job.cache);
    const lines = await StepLines.of(node.id, job.cache);
    const outputs = await buildNode({
      ...job,
      events: lines.through(job.events),
      ...(compilerCache === undefined ? {} : { compilerCache }),
    });
    await lines.note();
    this.#changed = true;
    const seconds = (performance.now() - began) / 1000;
    const last = await this.#store.last(node.id);
    const before = last === undefined ? undefined : await this.#store.read(last.key);
    const same = before !== undefined && sameOutputs(before.outputs, outputs);
    await this.#store.record(key, { record, outputs, seconds: Math.round(seconds) });
    this.#events({ kind: 'built', node, seconds, same });
    await this.#finish({ node, key, outputs, built: true });
  }

  /** What is built out of damaged bytes would be kept under a key that names sound ones. */
  async #proveNeed(digest: string): Promise<void> {
    const proof = this.#proved.get(digest) ?? proveBlob(this.#store.pathOf(digest), digest);
    this.#proved.set(digest, proof);
    await proof;
  }

  /** Notes a node that is there and looks at those that now have all that they need. */
  async #finish(built: BuiltNode): Promise<void> {
    const { node, outputs } = built;
    await this.#use(built);
    if (!built.built) this.#events({ kind: 'found', node });
    await this.#options.check?.(node, outputs, this.#store);
    this.#done.set(node.id, built);
    for (const next of this.#plan.dependants(node.id)) {
      if (next.needs.every((id) => this.#done.has(id))) await this.#look(next);
    }
  }

  /** Notes it as the last build of its node. What is found where nothing may be written is used without. */
  async #use({ node, key, built }: BuiltNode): Promise<void> {
    try {
      if (await this.#store.use(node.id, key)) this.#changed = true;
    } catch (error) {
      if (built || !isUnwritable(error)) throw error;
    }
  }

  #fail(node: GraphNode, thrown: unknown): void {
    const way = this.#options.shellCommand?.(node.id);
    const error =
      thrown instanceof StepFailed && way !== undefined ? thrown.withWay(way) : asSlicesError(node, thrown);
    this.#failed.set(node.id, error);
    if (error.code === 'DISK_FULL') this.#stopped = true;
    this.#events({ kind: 'failed', node, error });
  }

  #leaveOut(): void {
    for (const node of this.#plan.nodes) {
      if (!this.#done.has(node.id) && !this.#failed.has(node.id)) this.#events({ kind: 'left out', node });
    }
  }
}

/** An error of the file system that means a full disk, as that error. */
async function told(error: unknown, { work }: CacheDirectory): Promise<unknown> {
  if (!hasCode(error, ['ENOSPC', 'EDQUOT'])) return error;
  const { diskFull } = await import('./disk-full.ts');
  return diskFull('build', work, error);
}

function sameOutputs(a: StoredOutputs, b: StoredOutputs): boolean {
  return OUTPUT_NAMES.every((name) => a[name]?.digest === b[name]?.digest);
}

function asSlicesError(node: GraphNode, thrown: unknown): SlicesError {
  if (thrown instanceof SlicesError) return thrown;
  return new SlicesError('BUILD_FAILED', `Cannot build ${node.id}: ${messageOf(thrown)}`, {
    hint: 'No step has failed; see whether the cache can be written.',
    cause: thrown,
  });
}

function failureOf(errors: readonly SlicesError[], total: number): SlicesError {
  const [first, ...others] = errors;
  if (first === undefined) throw new TypeError('nothing has failed');
  if (others.length === 0) return first;
  const all = errors.map(({ message }) => message).join('\n');
  return new SlicesError(first.code, `Cannot build ${errors.length} of ${total} nodes:\n${all}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    cause: new AggregateError(errors),
  });
}
