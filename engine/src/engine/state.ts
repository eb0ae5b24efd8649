/** How a tree stands to the store, without building anything: what is there, what has to be built, what waits to be known. */
import type { GraphNode, NodeId } from '../graph/graph.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import { codeDigest, keyOf, keyRecord, type KeyRecord } from './key.ts';
import type { Plan } from './plan.ts';
import type { Store, StoredBuild } from './store.ts';

/**
 * One node's state.
 *
 * - `current`: the store has it.
 * - `stale`: it has to be built.
 * - `waiting`: something that it needs has to be built, and may come to the same bytes. Its record has their last digests.
 */
export type NodeState = { readonly node: GraphNode; readonly record: KeyRecord; readonly key: string } & (
  | { readonly kind: 'current'; readonly build: StoredBuild }
  | { readonly kind: 'stale' }
  | { readonly kind: 'waiting'; readonly for: readonly NodeId[] }
);

/** What stands for the output of a need that was never built. */
const NEVER_BUILT = 'never built';

/** The state of each node of a plan. */
export async function treeState(
  plan: Plan,
  store: Store,
  lock: ToolchainLock,
): Promise<ReadonlyMap<NodeId, NodeState>> {
  const states = new Map<NodeId, NodeState>();
  const code = await codeDigest();
  for (const node of plan.nodes) {
    const needs: Record<string, string> = {};
    const waits: NodeId[] = [];
    for (const id of node.needs) {
      const need = states.get(id);
      if (need?.kind !== 'current') waits.push(id);
      const build = need?.kind === 'current' ? need.build : await lastBuild(id, store);
      needs[plan.node(id).name] = build?.outputs.dev?.digest ?? NEVER_BUILT;
    }
    const record = keyRecord(node, { lock, code, needs });
    const key = keyOf(record);
    const common = { node, record, key };
    if (waits.length > 0) {
      states.set(node.id, { ...common, kind: 'waiting', for: waits });
      continue;
    }
    const build = await store.find(key);
    states.set(
      node.id,
      build === undefined ? { ...common, kind: 'stale' } : { ...common, kind: 'current', build },
    );
  }
  return states;
}

/** What the last build of a node was made of and came to. */
export async function lastBuild(node: NodeId, store: Store): Promise<StoredBuild | undefined> {
  const last = await store.last(node);
  return last === undefined ? undefined : store.read(last.key);
}
