/** Who uses the cache keeps off who takes away from it. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { gc } from '../../src/engine/gc.ts';
import { alone, presence } from '../../src/engine/presence.ts';
import { verify } from '../../src/engine/verify.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

/** Whether somebody is present, as another process sees it. */
function isUsed({ root }: CacheDirectory): boolean {
  return spawnSync('flock', ['--exclusive', '--nonblock', root, 'true']).status !== 0;
}

const graph = graphOf([fileNode('one', '1')]);
const options = { keep: [graph], keepAllOf: [], lock, sources: false, dryRun: false };

describe('presence()', () => {
  test('lasts until the last of a process is disposed of, each once', async () => {
    const cache = await emptyCache();
    const [first, second] = await Promise.all([presence(cache), presence(cache)]);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(isUsed(cache)).toBe(true);
    second[Symbol.dispose]();
    expect(isUsed(cache)).toBe(false);
    {
      using _ = await presence(cache);
      expect(isUsed(cache)).toBe(true);
    }
    expect(isUsed(cache)).toBe(false);
  });

  test('CACHE_UNUSABLE where no directory can be made, below /proc too', async () => {
    for (const root of ['/proc/x', '/proc/x/y', '/dev/null/x']) {
      expect(await errorOf(presence(cacheDirectoryAt(root)))).toMatchObject({
        code: 'CACHE_UNUSABLE',
        message: expect.stringContaining(`Cannot make the cache ${root}: `) as unknown,
      });
    }
  });

  test("is in no other one's way", async () => {
    const cache = await emptyCache();
    using _ = await presence(cache);
    expect(spawnSync('flock', ['--shared', '--nonblock', cache.root, 'true']).status).toBe(0);
  });

  test('says that it waits for who is alone, and comes in when that is over', async () => {
    const cache = await emptyCache();
    const { promise, resolve } = Promise.withResolvers<void>();
    const onWait = vi.fn<() => void>(resolve);
    const order: string[] = [];
    const coming = await alone(cache, 'wait', async () => {
      const came = presence(cache, onWait).finally(() => order.push('came'));
      await promise;
      order.push('over');
      return { came };
    });
    using _ = await coming.came;
    expect([order, onWait.mock.calls.length]).toEqual([['over', 'came'], 1]);
    expect(isUsed(cache)).toBe(true);
  });

  test('names a cache that cannot be one, and tries again the next time', async () => {
    const cache = await emptyCache();
    await writeFile(cache.root, '');
    for (let time = 0; time < 2; time += 1) {
      const error = await errorOf(presence(cache));
      expect([error.code, error.message]).toEqual([
        'CACHE_UNUSABLE',
        expect.stringMatching(/^Cannot lock .*\/cache: ENOTDIR/),
      ]);
    }
    const below = cacheDirectoryAt(join(cache.root, 'below'));
    expect((await errorOf(presence(below))).message).toMatch(/^Cannot make the cache .*\/below: ENOTDIR/);
  });
});

describe('alone()', () => {
  test('STORE_BUSY names the process that is there', async () => {
    const cache = await emptyCache();
    using _ = await presence(cache);
    const error = await errorOf(alone(cache, 'collect', () => Promise.resolve()));
    expect([error.code, error.message, error.facts]).toEqual([
      'STORE_BUSY',
      `Cannot collect: process ${process.pid} uses ${cache.root}`,
      { process: process.pid },
    ]);
  });

  test('STORE_BUSY for the second of two', async () => {
    const cache = await emptyCache();
    const error = await alone(cache, 'collect', () => errorOf(gc(cache, options)));
    expect(error.code).toBe('STORE_BUSY');
    expect((await gc(cache, options)).removed).toEqual([]);
  });
});

describe('who is present', () => {
  test('buildGraph(), from its first look on', async () => {
    const cache = await emptyCache();
    const seen: boolean[] = [];
    const check = (): Promise<void> => Promise.resolve(void seen.push(isUsed(cache)));
    await buildGraph(graph, { cache, lock, check });
    await buildGraph(graph, { cache, lock, check });
    expect([...seen, isUsed(cache)]).toEqual([true, true, false]);
  });

  test('buildGraph() that fails is present no longer', async () => {
    const cache = await emptyCache();
    const check = (): Promise<void> => Promise.reject(new Error('no'));
    await errorOf(buildGraph(graph, { cache, lock, check }));
    expect(isUsed(cache)).toBe(false);
  });

  test('verify()', async () => {
    const cache = await emptyCache();
    await buildGraph(graph, { cache, lock });
    const seen: boolean[] = [];
    const events = (): void => void seen.push(isUsed(cache));
    await verify(graph, ['one@x86_64'], { cache, lock, events });
    expect(new Set(seen)).toEqual(new Set([true]));
    expect(isUsed(cache)).toBe(false);
  });

  test('gc() alone, and dry among others', async () => {
    const cache = await emptyCache();
    await mkdir(cache.root);
    using _ = await presence(cache);
    expect((await errorOf(gc(cache, options))).code).toBe('STORE_BUSY');
    expect((await gc(cache, { ...options, dryRun: true })).removed).toEqual([]);
  });
});
