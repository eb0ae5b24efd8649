import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { CONFIG_SLICE } from '../../src/engine/kernel-config.ts';
import { kernelProof } from '../../src/engine/prove.ts';
import { openStore } from '../../src/engine/store.ts';
import type { LayerEntry } from '../../src/define/recipe.ts';
import type { Graph, GraphNode } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf, recorder } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

function treeWith(config: string, path = 'config'): Graph {
  const entry: LayerEntry = { type: 'file', path, mode: 0o644, contents: config };
  const kernel: GraphNode = fileNode(CONFIG_SLICE, '', {
    recipe: { kind: 'entries', entries: [entry] },
    outputs: { dev: [''] },
  });
  const linux = fileNode('linux', 'kernel', { needs: [kernel.id] });
  const reader = fileNode('reader', '', { facts: [{ symbol: 'IPV6', value: true }] });
  const demands = [{ symbol: 'EROFS_FS', value: 'y', askedBy: ['slice base-files'] }];
  return graphOf([kernel, linux, reader], { demands });
}

async function build(cache: CacheDirectory, graph: Graph, events = recorder()): Promise<string[]> {
  await buildGraph(graph, { cache, lock, events: events.events, check: kernelProof(graph, cache) });
  return events.words();
}

describe('kernelProof()', () => {
  test('lets a configuration pass that holds every demand and fact, and proves it once', async () => {
    const cache = await emptyCache();
    const graph = treeWith('CONFIG_EROFS_FS=y\nCONFIG_IPV6=y\n');
    expect(await build(cache, graph)).toContain('linux built');
    const proofs = join(openStore(cache.store).directory, 'proofs');
    const before = await readdir(proofs);
    expect(before).toHaveLength(1);
    await build(cache, graph);
    expect(await readdir(proofs)).toEqual(before);
  });

  test('stops the kernel that has lost a demand, each time', async () => {
    const cache = await emptyCache();
    const graph = treeWith('# CONFIG_EROFS_FS is not set\nCONFIG_IPV6=y\n');
    for (const round of ['built', 'found']) {
      const events = recorder();
      const error = await errorOf(build(cache, graph, events));
      expect([error.code, error.message]).toEqual([
        'KERNEL_DEMAND_LOST',
        expect.stringContaining('EROFS_FS=y, asked for by slice base-files'),
      ]);
      expect(events.words()).toContain('linux left out');
      expect(events.words()).toContain(`reader ${round}`);
    }
  });

  test('stops where a slice was told what is not so', async () => {
    const error = await errorOf(build(await emptyCache(), treeWith('CONFIG_EROFS_FS=y\n')));
    expect([error.code, error.message]).toEqual([
      'KERNEL_FACT_WRONG',
      expect.stringContaining('reader@x86_64 was told that IPV6 is on'),
    ]);
  });

  test('wants the configuration where it is looked for', async () => {
    const error = await errorOf(build(await emptyCache(), treeWith('CONFIG_EROFS_FS=y\n', '.config')));
    expect([error.code, error.message]).toEqual([
      'OUTPUT_INVALID',
      'Cannot use the build of linux-config@x86_64: it has no file config',
    ]);
  });
});
