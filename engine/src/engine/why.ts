/** Why a node has to be built, or why it was: which of its inputs changed, from what to what, and whom that hits. */
import type { CacheDirectory } from '../cache-directory.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import { movesOf } from '../pins/moves-of.ts';
import type { MovedPins } from '../pins/overlay.ts';
import { movedPins } from '../pins/pins.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import { differences, type Change } from './difference.ts';
import type { KeyRecord } from './key.ts';
import { lastSeconds, planOf, type Plan } from './plan.ts';
import { lastBuild, treeState, type NodeState } from './state.ts';
import { openStore, type Store, type StoredBuild } from './store.ts';

/** An input that is another node's output, and why it is another one now. */
export interface NeedChange {
  readonly need: NodeId;
  readonly from: string | undefined;
  /** Not known while the need has to be built itself; it may come to the same bytes. */
  readonly to: string | undefined;
  readonly changes: readonly Change[];
  readonly needs: readonly NeedChange[];
}

/** The answer for one node. */
export interface Why {
  readonly node: NodeId;
  /**
   * `up to date`: the changes are those that led to its last build. `never built`: there is nothing to compare with.
   * `waiting`: it has to be built if a need comes to other bytes.
   */
  readonly state: 'up to date' | 'has to be built' | 'waiting' | 'never built';
  readonly changes: readonly Change[];
  readonly needs: readonly NeedChange[];
  /** What of its pins the lock of this machine's cache has moved, and is therefore another one than in the repository. */
  readonly moved: MovedPins;
  /** What its last build took; of one that was never built, what such builds are thought to take. */
  readonly seconds: number;
  /** Those that need it, at any distance, and what their last builds took. They are rebuilt if its output changes. */
  readonly hits: readonly { readonly node: NodeId; readonly seconds: number }[];
}

/** Answers for a node of a graph. Throws `NAME_UNKNOWN`. */
export async function why(
  graph: Graph,
  id: NodeId,
  cache: CacheDirectory,
  lock: ToolchainLock,
): Promise<Why> {
  const plan = planOf(graph);
  const store = openStore(cache.store);
  const look: Look = { plan, store, states: await treeState(plan, store, lock) };
  const node = plan.node(id);
  const state = stateOf(look, id);
  const last = await lastBuild(id, store);
  const before = state.kind === 'current' ? await previousBuild(state, store) : last;
  const { changes, needs } = await compare(look, state, before);
  return {
    node: id,
    state: wordFor(state, last),
    changes,
    needs,
    moved: movesOf([node], lock, movedPins),
    seconds: await lastSeconds(node, store),
    hits: await Promise.all(
      above(plan, id).map(async (each) => ({
        node: each,
        seconds: await lastSeconds(plan.node(each), store),
      })),
    ),
  };
}

/** What the answers are made of. */
interface Look {
  readonly plan: Plan;
  readonly store: Store;
  readonly states: ReadonlyMap<NodeId, NodeState>;
}

function stateOf({ states }: Look, id: NodeId): NodeState {
  const state = states.get(id);
  if (state === undefined) throw new TypeError(`${id} is not in the plan`);
  return state;
}

function wordFor({ kind }: NodeState, last: StoredBuild | undefined): Why['state'] {
  if (kind === 'current') return 'up to date';
  if (last === undefined) return 'never built';
  return kind === 'waiting' ? 'waiting' : 'has to be built';
}

/** What a node was before the build that is current. */
async function previousBuild({ node, key }: NodeState, store: Store): Promise<StoredBuild | undefined> {
  const last = await store.last(node.id);
  if (last === undefined) return undefined;
  const before = last.key === key ? last.previous : last.key;
  return before === undefined ? undefined : store.read(before);
}

async function compare(
  look: Look,
  { node, record }: NodeState,
  before: StoredBuild | undefined,
): Promise<Pick<Why, 'changes' | 'needs'>> {
  if (before === undefined) return { changes: [], needs: [] };
  const changes = differences(inputsOf(before.record), inputsOf(record));
  const needs: NeedChange[] = [];
  for (const id of node.needs) {
    const change = await needChange(look, id, before.record);
    if (change !== undefined) needs.push(change);
  }
  return { changes, needs };
}

/** A record but for its needs, which are answered for one by one; whether there are others is a change. */
function inputsOf({ needs, ...record }: KeyRecord): unknown {
  return { ...record, needs: Object.fromEntries(Object.keys(needs).map((name) => [name, 'there'])) };
}

async function needChange(look: Look, id: NodeId, before: KeyRecord): Promise<NeedChange | undefined> {
  const state = stateOf(look, id);
  const from = before.needs[state.node.name];
  // A need that is new is a change of the record.
  if (from === undefined) return undefined;
  const to = state.kind === 'current' ? state.build.outputs.dev?.digest : undefined;
  if (to === from) return undefined;
  const built = await buildWith(look.store, state.record, from);
  return { need: id, from, to, ...(await compare(look, state, built)) };
}

/** The build of the same slice that came to a `dev` output: of several, the one that the node used last. */
async function buildWith(store: Store, record: KeyRecord, digest: string): Promise<StoredBuild | undefined> {
  const id = `${record.name}@${record.platform}`;
  const last = await store.last(id);
  const recent = [last?.key, last?.previous].filter((key) => key !== undefined);
  for (const key of [...recent, ...(await store.keys())]) {
    const build = await store.read(key);
    if (build?.record.name !== record.name || build.record.platform !== record.platform) continue;
    if (build.outputs.dev?.digest === digest) return build;
  }
  return undefined;
}

/** The nodes that need a node, directly or not, in the order of the plan. */
function above(plan: Plan, id: NodeId): readonly NodeId[] {
  const hit = new Set<NodeId>([id]);
  for (const node of plan.nodes) if (node.needs.some((need) => hit.has(need))) hit.add(node.id);
  hit.delete(id);
  return [...hit];
}
