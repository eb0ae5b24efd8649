import { spawnSync } from 'node:child_process';

import { expect, test, vi } from 'vitest';

import { buildTree } from '../src/commands/build-tree.ts';
import { fileNode, graphOf } from './engine/support.ts';
import { errorOf, scratchDirectory } from './support.ts';

const terminal = { out: () => {}, err: () => {}, interactive: false };

test('buildTree() keeps what it built from being collected until it is disposed of', async () => {
  const root = await scratchDirectory();
  vi.stubEnv('COCON_CACHE', root);
  const isUsed = (): boolean => spawnSync('flock', ['--exclusive', '--nonblock', root, 'true']).status !== 0;
  {
    using tree = await buildTree(graphOf([fileNode('one', '1')]), terminal);
    expect([tree.built.size, isUsed()]).toEqual([1, true]);
  }
  expect(isUsed()).toBe(false);
  const broken = fileNode('two', '2', { outputs: { dev: ['lib'] } });
  await errorOf(buildTree(graphOf([broken]), terminal));
  expect(isUsed()).toBe(false);
});
