import { describe, expect, test } from 'vitest';

import { graphSvg } from '../../src/engine/graph-svg.ts';
import { graphText } from '../../src/engine/graph-text.ts';
import { graphView } from '../../src/engine/graph-view.ts';
import { keyRecord } from '../../src/engine/key.ts';
import type { NodeState } from '../../src/engine/state.ts';
import type { GraphNode, NodeId } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { fileNode, graphOf } from './support.ts';

const dev = { dev: [''] };
const nodes = [
  fileNode('musl', 'm', { outputs: dev }),
  fileNode('config', 'c', { outputs: dev }),
  fileNode('linux', 'l', { needs: ['config@x86_64'] }),
  fileNode('busybox', 'b', { needs: ['musl@x86_64'], summary: 'Shell & "tools" <small>' }),
  fileNode('yajl', 'y', { needs: ['musl@x86_64'], outputs: dev }),
];
const graph = graphOf(nodes, { image: ['linux@x86_64', 'busybox@x86_64'] });

function stateOf(node: GraphNode): NodeState {
  const record = keyRecord(node, { lock, code: '', needs: {} });
  const common = { node, record, key: '' };
  if (node.name === 'busybox') return { ...common, kind: 'stale' };
  const output = { digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 2048, fileBytes: 1536 };
  return { ...common, kind: 'current', build: { record, outputs: { runtime: output }, seconds: 61 } };
}

const states = new Map<NodeId, NodeState>(nodes.map((node) => [node.id, stateOf(node)]));
const view = graphView(graph, states);

describe('graphView()', () => {
  test('puts the kernel and its needs first, and each node right of what it needs', () => {
    expect(view.map(({ name, level, inImage }) => [name, level, inImage])).toEqual([
      ['config', 0, false],
      ['linux', 1, true],
      ['musl', 0, false],
      ['busybox', 1, true],
      ['yajl', 1, false],
    ]);
  });
});

describe('graphText()', () => {
  test('shows the slices of the image with their needs below, each unfolded once', () => {
    expect(graphText(graph, view)).toBe(`sample on sample, 5 slices, 1.5 KiB in the image
├── linux@x86_64  1  1.5 KiB
│   └── config@x86_64  1  1.5 KiB
├── busybox@x86_64  1  to be built
│   └── musl@x86_64  1  1.5 KiB
└── yajl@x86_64  1  1.5 KiB
    └── musl@x86_64  1  1.5 KiB
`);
  });
});

describe('graphSvg()', () => {
  const svg = graphSvg(graph, view);

  test('draws a box for each node and a line for each need', () => {
    expect(svg.match(/<rect x=/g)).toHaveLength(nodes.length);
    expect(svg.match(/<path /g)).toHaveLength(3);
    expect(svg).toContain('1.5 KiB · in the store · 1:01');
    expect(svg).toContain('to be built');
  });

  test('escapes what people write', () => {
    expect(svg).toContain('Shell &amp; &quot;tools&quot; &lt;small&gt;');
  });

  test('puts no two boxes in one place', () => {
    const places = svg.match(/<rect x="\d+" y="\d+"/g) ?? [];
    expect(new Set(places).size).toBe(places.length);
  });
});
