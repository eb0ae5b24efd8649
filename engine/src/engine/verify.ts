/**
 * Builds a node again and compares: same inputs, another directory, another time, one processor in place of all. The
 * store is read for the needs and for what to compare with, and never written to.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { CacheDirectory } from '../cache-directory.ts';
import { OUTPUT_NAMES } from '../define/recipe.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { removeTree } from '../files.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { layerOf } from '../layer/layer-tar.ts';
import type { Member } from '../layer/members.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import { membersFor, type NodeJob } from './build-node.ts';
import type { BuildEvents } from './events.ts';
import { firstDifference } from './layer-difference.ts';
import { planOf } from './plan.ts';
import { presence } from './presence.ts';
import { treeState, type NodeState } from './state.ts';
import { proveBlob } from './sound-blob.ts';
import { openStore, type Store, type StoredOutput } from './store.ts';
import { writablePlace } from './writable-place.ts';

/** One output, built twice. */
export interface VerifiedOutput {
  readonly output: string;
  readonly stored: string;
  readonly rebuilt: string;
  /** The first place at which they differ. */
  readonly difference?: string;
}

/** One node, built twice. */
export interface Verified {
  readonly node: NodeId;
  readonly same: boolean;
  readonly outputs: readonly VerifiedOutput[];
  readonly seconds: number;
  /** Why it could not be built again. */
  readonly failure?: SlicesError;
}

/** Where and how to verify. */
export interface VerifyOptions {
  readonly cache: CacheDirectory;
  readonly lock: ToolchainLock;
  readonly events: BuildEvents;
}

/**
 * Builds nodes of a graph again, one after the other, also when one of them fails. All have to be in the store.
 *
 * @throws SlicesError `SLICE_NOT_FOUND` for one that is not
 */
export async function verify(
  graph: Graph,
  ids: readonly NodeId[],
  options: VerifyOptions,
): Promise<readonly Verified[]> {
  const { cache, lock, events } = options;
  using _ = await presence(cache);
  const store = openStore(cache.store);
  const plan = planOf(graph);
  const states = await treeState(plan, store, lock);
  const results: Verified[] = [];
  events({ kind: 'planned', total: ids.length });
  for (const id of ids) {
    const state = states.get(id);
    if (state?.kind !== 'current') throw notBuilt(id);
    events({ kind: 'started', node: state.node });
    const began = performance.now();
    const job = jobFor(state, states, store, options);
    const elapsed = (): number => (performance.now() - began) / 1000;
    try {
      const outputs = await rebuild(job, state);
      const same = outputs.every(({ stored, rebuilt }) => stored === rebuilt);
      events({ kind: 'built', node: state.node, seconds: elapsed(), same });
      results.push({ node: id, same, outputs, seconds: Math.round(elapsed()) });
    } catch (failure) {
      if (!(failure instanceof SlicesError)) throw failure;
      events({ kind: 'failed', node: state.node, error: failure });
      results.push({ node: id, same: false, outputs: [], seconds: Math.round(elapsed()), failure });
    }
  }
  events({ kind: 'over' });
  return results;
}

/** A job for a node whose needs are in the store. Throws `SLICE_NOT_FOUND` for one that is not. */
export function jobFor(
  { node, record, key }: NodeState,
  states: ReadonlyMap<NodeId, NodeState>,
  store: Store,
  { cache, lock, events }: VerifyOptions,
): NodeJob {
  const needs = new Map<string, StoredOutput>();
  for (const id of node.needs) {
    const need = states.get(id);
    const dev = need?.kind === 'current' ? need.build.outputs.dev : undefined;
    if (need === undefined || dev === undefined) throw notBuilt(id);
    needs.set(need.node.name, dev);
  }
  const logPath = join(cache.logs, `${node.id}.verify.log`);
  return { node, record, key, needs, cache, store, lock, events, logPath };
}

async function rebuild(
  job: NodeJob,
  state: NodeState & { readonly kind: 'current' },
): Promise<readonly VerifiedOutput[]> {
  const { cache, store } = job;
  for (const { digest } of [...job.needs.values(), ...Object.values(state.build.outputs)]) {
    await proveBlob(store.pathOf(digest), digest);
  }
  // Somewhere else, with a path of another length, for paths are what comes into products most often.
  const place = join(cache.work, 'verify');
  await writablePlace(place);
  const directory = await draftOf(join(place, 'another-place'));
  try {
    // A build that gives other bytes with one processor than with many depends on chance.
    const members = await membersFor({ ...job, processors: otherCount() }, directory);
    const results: VerifiedOutput[] = [];
    for (const output of OUTPUT_NAMES) {
      const chosen = members[output];
      if (chosen === undefined) continue;
      const stored = state.build.outputs[output];
      const file = await draftOf(join(place, `${output}.tar`));
      try {
        const rebuilt = await writeLayer(chosen, file);
        const digest = stored?.digest ?? 'nothing';
        const difference =
          rebuilt === digest || stored === undefined
            ? undefined
            : await firstDifference(store.pathOf(stored.digest), file);
        results.push({
          output,
          stored: digest,
          rebuilt,
          ...(difference === undefined ? {} : { difference }),
        });
      } finally {
        await removeTree(file);
      }
    }
    return results;
  } finally {
    await removeTree(directory);
  }
}

/** One processor where builds have several, else all that there is. */
function otherCount(): number {
  return availableParallelism() > 1 ? 1 : availableParallelism();
}

async function writeLayer(members: readonly Member[], path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(
    layerOf(members),
    async function* (chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return `sha256:${hash.digest('hex')}`;
}

function notBuilt(node: NodeId): SlicesError {
  return new SlicesError(
    'SLICE_NOT_FOUND',
    `Cannot verify ${node}: the store does not have its present build`,
    {
      hint: `Build it first: cocon build --target ${node}`,
      facts: { node },
    },
  );
}
