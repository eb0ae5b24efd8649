/** The tree of slices as text: each slice of the image, and below it what it is built out of. */
import { formatBytes } from '@cocon-os/cli';

import type { Graph, NodeId } from '../graph/graph.ts';
import type { ViewNode } from './graph-view.ts';

const STATE: Readonly<Record<ViewNode['state'], string>> = {
  current: '',
  stale: 'to be built',
  waiting: 'to be built if a need changes',
};

/** Ends with a line break. A node that stands in the tree already is not unfolded again. */
export function graphText(graph: Graph, nodes: readonly ViewNode[]): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const total = nodes.reduce((sum, { inImage, fileBytes = 0 }) => sum + (inImage ? fileBytes : 0), 0);
  const lines = [
    `${graph.profile} on ${graph.board}, ${nodes.length} slices, ${formatBytes(total)} in the image`,
  ];
  const unfolded = new Set<NodeId>();
  const add = (ids: readonly NodeId[], indent: string): void => {
    for (const [index, id] of ids.entries()) {
      const node = byId.get(id);
      if (node === undefined) continue;
      const last = index === ids.length - 1;
      const seen = unfolded.has(id) && node.needs.length > 0;
      lines.push(`${indent}${last ? '└── ' : '├── '}${words(node)}${seen ? ' (see above)' : ''}`);
      unfolded.add(id);
      if (!seen) add(node.needs, `${indent}${last ? '    ' : '│   '}`);
    }
  };
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  const tools = nodes.filter(({ id, inImage }) => !inImage && !needed.has(id)).map(({ id }) => id);
  add([...graph.image, ...tools], '');
  return `${lines.join('\n')}\n`;
}

function words({ id, version, fileBytes, state }: ViewNode): string {
  const parts = [id, version, fileBytes === undefined ? '' : formatBytes(fileBytes), STATE[state]];
  return parts.filter((part) => part !== '').join('  ');
}
