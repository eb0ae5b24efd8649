/** The tree of slices as a picture: needs on the left, what is built out of them on the right, the kernel on top. */
import { formatBytes } from '@cocon-os/cli';

import type { Graph } from '../graph/graph.ts';
import type { ViewNode } from './graph-view.ts';
import { clock } from './progress.ts';

/** In pixels. */
const BOX = { width: 168, height: 46 };
const GAP = { x: 72, y: 18 };
const MARGIN = 24;
const TITLE = 40;

const STATE: Readonly<Record<ViewNode['state'], { readonly word: string; readonly colour: string }>> = {
  current: { word: 'in the store', colour: '#e5f3ea' },
  stale: { word: 'to be built', colour: '#fbe3dc' },
  waiting: { word: 'waits for a need', colour: '#fdf3d3' },
};

interface Place {
  readonly node: ViewNode;
  readonly x: number;
  readonly y: number;
}

/** An SVG document. The same nodes give the same bytes. */
export function graphSvg(graph: Graph, nodes: readonly ViewNode[]): string {
  const places = placed(nodes);
  const width = Math.max(...places.map(({ x }) => x), 0) + BOX.width + MARGIN;
  const height = Math.max(...places.map(({ y }) => y), 0) + BOX.height + MARGIN;
  const byId = new Map(places.map((place) => [place.node.id, place]));
  const edges = places.flatMap((to) =>
    to.node.needs.flatMap((id) => {
      const from = byId.get(id);
      return from === undefined ? [] : [edge(from, to)];
    }),
  );
  const total = nodes.reduce((sum, { inImage, fileBytes = 0 }) => sum + (inImage ? fileBytes : 0), 0);
  const title = `${graph.profile} on ${graph.board}: ${nodes.length} slices, ${formatBytes(total)} in the image`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN}" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${MARGIN}" y="${MARGIN + 16}" font-size="10" fill="#4a4f58">A bold frame: its layer is in the image</text>`,
    ...edges,
    ...places.map(box),
    '</svg>',
    '',
  ].join('\n');
}

/** A column for each level. Within one, nodes keep their order but move to where what they need is. */
function placed(nodes: readonly ViewNode[]): readonly Place[] {
  const columns: ViewNode[][] = [];
  for (const node of nodes) (columns[node.level] ??= []).push(node);
  const rows = new Map<string, number>();
  const wish = (node: ViewNode): number => {
    const needed = node.needs.map((id) => rows.get(id) ?? 0);
    return needed.length === 0 ? 0 : needed.reduce((sum, row) => sum + row, 0) / needed.length;
  };
  return columns.flatMap((column, level) => {
    const ordered = level === 0 ? column : column.toSorted((a, b) => wish(a) - wish(b));
    return ordered.map((node, row) => {
      rows.set(node.id, row);
      return {
        node,
        x: MARGIN + level * (BOX.width + GAP.x),
        y: MARGIN + TITLE + row * (BOX.height + GAP.y),
      };
    });
  });
}

function edge(from: Place, to: Place): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = Math.max(GAP.x / 2, (x2 - x1) / 2);
  return `<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" fill="none" stroke="#8a8f98"/>`;
}

function box({ node, x, y }: Place): string {
  const { word, colour } = STATE[node.state];
  const size = node.fileBytes === undefined ? '' : `${formatBytes(node.fileBytes)} · `;
  const time = node.seconds === undefined ? '' : ` · ${clock(node.seconds)}`;
  const border = node.inImage ? 'stroke="#20242c" stroke-width="2"' : 'stroke="#8a8f98"';
  return [
    `<g><title>${escaped(`${node.id}: ${node.summary}`)}</title>`,
    `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="${colour}" ${border}/>`,
    `<text x="${x + 10}" y="${y + 19}"><tspan font-weight="bold">${escaped(node.name)}</tspan> ${escaped(node.version)}</text>`,
    `<text x="${x + 10}" y="${y + 36}" font-size="10" fill="#4a4f58">${escaped(`${size}${word}${time}`)}</text></g>`,
  ].join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
