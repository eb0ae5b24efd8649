import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { codeDigest, keyRecord } from '../../src/engine/key.ts';
import { chainSeconds, planOf } from '../../src/engine/plan.ts';
import { openStore } from '../../src/engine/store.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { graphOf, stepsNode } from './support.ts';

const dev = { dev: [''] };
const nodes = [
  stepsNode('musl', ['make'], { outputs: dev }),
  stepsNode('yajl', ['make'], { outputs: dev, needs: ['musl@x86_64'] }),
  stepsNode('crun', ['make'], { needs: ['musl@x86_64', 'yajl@x86_64'] }),
  stepsNode('config', ['make'], { outputs: dev }),
  stepsNode('linux', ['make'], { needs: ['config@x86_64'] }),
];
const graph = graphOf(nodes, { image: ['linux@x86_64', 'crun@x86_64'] });

async function emptyStore() {
  return openStore(cacheDirectoryAt(join(await scratchDirectory(), 'cache')).store);
}

describe('planOf()', () => {
  test('takes what targets need, in the order of the graph', () => {
    const ids = (targets: readonly string[]): string[] =>
      planOf(graph, targets).nodes.map(({ name }) => name);
    expect(ids(['crun'])).toEqual(['musl', 'yajl', 'crun']);
    expect(ids(['linux@x86_64', 'musl'])).toEqual(['musl', 'config', 'linux']);
    expect(ids([])).toHaveLength(nodes.length);
  });
});

describe('chainSeconds()', () => {
  test('puts the kernel first in a cache that knows nothing', async () => {
    const chains = await chainSeconds(planOf(graph), await emptyStore());
    const [first, second] = [...chains].toSorted(([, a], [, b]) => b - a).map(([id]) => id);
    expect([first, second]).toEqual(['config@x86_64', 'linux@x86_64']);
    expect(chains.get('musl@x86_64')).toBe(60);
  });

  test('goes by what the last builds took', async () => {
    const store = await emptyStore();
    const code = await codeDigest();
    for (const [node, seconds] of [
      [nodes[4], 100],
      [nodes[2], 300],
    ] as const) {
      if (node === undefined) throw new Error('no such node');
      const key = seconds.toString().padStart(64, '0');
      await store.record(key, {
        record: keyRecord(node, { lock, code, needs: {} }),
        outputs: {},
        seconds,
      });
      await store.use(node.id, key);
    }
    const chains = await chainSeconds(planOf(graph), store);
    expect(chains.get('musl@x86_64')).toBe(340);
    expect(chains.get('config@x86_64')).toBe(120);
  });
});
