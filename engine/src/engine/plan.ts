/** Which nodes a build has to do with, in which order, and which of them is best begun first. */
import { SlicesError } from '../errors.ts';
import type { Graph, GraphNode, NodeId } from '../graph/graph.ts';
import { didYouMean } from '../near-names.ts';
import type { Store } from './store.ts';

/** Nodes by id, and who needs whom. */
export interface Plan {
  /** Needs come first. */
  readonly nodes: readonly GraphNode[];
  node(id: NodeId): GraphNode;
  /** The lowest layer of the image. */
  readonly kernel: NodeId | undefined;
  /** The nodes of the plan that need this one. */
  dependants(id: NodeId): readonly GraphNode[];
}

/**
 * The plan of some targets and all that they need; of the whole graph, if none are given. A target is a node's id or a
 * slice's name.
 *
 * @throws SlicesError `NAME_UNKNOWN` for a target, `SLICE_CYCLE` for a graph whose needs do not come first
 */
export function planOf(graph: Graph, targets: readonly string[] = []): Plan {
  const byId = new Map<NodeId, GraphNode>();
  for (const node of graph.nodes) {
    const late = node.needs.find((need) => !byId.has(need));
    if (late !== undefined) throw needsLate(graph, node, late);
    byId.set(node.id, node);
  }
  const node = (id: NodeId): GraphNode => byId.get(id) ?? unknownSlice(graph, id);
  const wanted = new Set<NodeId>();
  const add = (id: NodeId): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    node(id).needs.forEach(add);
  };
  const roots = targets.length === 0 ? [...byId.keys()] : targets.flatMap((name) => idsOf(graph, name));
  roots.forEach(add);
  const nodes = graph.nodes.filter(({ id }) => wanted.has(id));
  const [kernel] = graph.image;
  return { nodes, node, kernel, dependants: (id) => nodes.filter(({ needs }) => needs.includes(id)) };
}

/** The ids that a node's id or a slice's name stands for. Throws `NAME_UNKNOWN`. */
export function idsOf(graph: Graph, name: string): readonly NodeId[] {
  const found = graph.nodes.filter((each) => each.id === name || each.name === name);
  return found.length === 0 ? unknownSlice(graph, name) : found.map(({ id }) => id);
}

function unknownSlice(graph: Graph, name: string): never {
  const place = `profile ${graph.profile} on board ${graph.board}`;
  const names = new Set(graph.nodes.map((node) => node.name));
  const near = didYouMean(name.split('@')[0] ?? name, names);
  throw new SlicesError('NAME_UNKNOWN', `Cannot find the slice "${name}" in ${place}`, {
    hint: `${near}There are ${graph.nodes.map(({ id }) => id).join(', ')}.`,
    facts: { kind: 'slice', name },
  });
}

function needsLate(graph: Graph, node: GraphNode, need: NodeId): SlicesError {
  const there = graph.nodes.some(({ id }) => id === need);
  const why = there
    ? 'does not come before it: they need each other, or their order is wrong'
    : 'is not in it';
  return new SlicesError('SLICE_CYCLE', `Cannot build this graph: ${node.id} needs ${need}, which ${why}`, {
    hint: 'Use a graph as cocon synth prints it.',
    facts: { node: node.id, need },
  });
}

/** What a node that was never built is thought to take, in seconds. The kernel takes as long as all else together. */
const UNKNOWN_SECONDS = 20;
const KERNEL_SECONDS = 600;

/** By node, the seconds of the longest chain from it to the end of the build, as the last builds took. */
export async function chainSeconds(plan: Plan, store: Store): Promise<ReadonlyMap<NodeId, number>> {
  const chains = new Map<NodeId, number>();
  for (const node of plan.nodes.toReversed()) {
    const after = plan.dependants(node.id).map(({ id }) => chains.get(id) ?? 0);
    const unknown = node.id === plan.kernel ? KERNEL_SECONDS : UNKNOWN_SECONDS;
    chains.set(node.id, (await lastSeconds(node, store, unknown)) + Math.max(0, ...after));
  }
  return chains;
}

/** What the last build of a node took. What is assembled from files takes nothing. */
export async function lastSeconds(node: GraphNode, store: Store, unknown = UNKNOWN_SECONDS): Promise<number> {
  const last = await store.last(node.id);
  const build = last === undefined ? undefined : await store.read(last.key);
  return build?.seconds ?? (node.recipe.kind === 'entries' ? 0 : unknown);
}
