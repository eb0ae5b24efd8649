/** The tree of slices as it is drawn: what each node is, how it stands to the store, and where it goes. */
import type { Graph, GraphNode, NodeId } from '../graph/graph.ts';
import type { NodeState } from './state.ts';

/** A node to draw. */
export interface ViewNode {
  readonly id: NodeId;
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly summary: string;
  readonly needs: readonly NodeId[];
  /** Whether its runtime output is in the image. */
  readonly inImage: boolean;
  readonly state: NodeState['kind'];
  /** Bytes of the files of its largest output, as far as that is known. */
  readonly fileBytes?: number;
  /** What its last build took. */
  readonly seconds?: number;
  /** Longest way down to a node without needs. */
  readonly level: number;
}

/** Nodes in the order of the graph, but for the kernel's, which come first. */
export function graphView(graph: Graph, states: ReadonlyMap<NodeId, NodeState>): readonly ViewNode[] {
  const levels = new Map<NodeId, number>();
  const nodes = graph.nodes.map((node): ViewNode => {
    const level = Math.max(-1, ...node.needs.map((id) => levels.get(id) ?? 0)) + 1;
    levels.set(node.id, level);
    return viewNode(graph, node, states.get(node.id), level);
  });
  const kernel = kernelNodes(graph);
  return [...nodes.filter(({ id }) => kernel.has(id)), ...nodes.filter(({ id }) => !kernel.has(id))];
}

function viewNode(graph: Graph, node: GraphNode, state: NodeState | undefined, level: number): ViewNode {
  const build = state?.kind === 'current' ? state.build : undefined;
  const sizes = Object.values(build?.outputs ?? {}).map(({ fileBytes }) => fileBytes);
  const { id, name, version, platform, summary, needs } = node;
  return {
    id,
    name,
    version,
    platform,
    summary,
    needs,
    inImage: graph.image.includes(id),
    state: state?.kind ?? 'stale',
    ...(build === undefined ? {} : { fileBytes: Math.max(0, ...sizes), seconds: build.seconds }),
    level,
  };
}

/** The lowest layer of the image, and what it is built out of. */
function kernelNodes({ nodes, image }: Graph): ReadonlySet<NodeId> {
  const found = new Set<NodeId>();
  const add = (id: NodeId | undefined): void => {
    if (id === undefined || found.has(id)) return;
    found.add(id);
    nodes.find((node) => node.id === id)?.needs.forEach(add);
  };
  add(image[0]);
  return found;
}
