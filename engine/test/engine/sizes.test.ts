import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { noteSizes, proveBudgets, sizesOf } from '../../src/engine/sizes.ts';
import { openStore } from '../../src/engine/store.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

/** Builds a slice of that many bytes and holds it to a budget of 100. */
async function measured(cache: CacheDirectory, bytes: number) {
  const graph = graphOf([fileNode('program', 'x'.repeat(bytes), { budget: { sizeBytes: 100 } })]);
  const built = await buildGraph(graph, { cache, lock });
  const sizes = await sizesOf(graph, built, cache);
  await proveBudgets(sizes, openStore(cache.store));
  await noteSizes(graph, sizes, cache);
  return sizes[0];
}

describe('proveBudgets() and noteSizes()', () => {
  test('note what keeps its budget, and refuse what does not, with what grew since', async () => {
    const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    expect(await measured(cache, 90)).toMatchObject({ fileBytes: 90, budget: 100 });
    expect(await measured(cache, 100)).toMatchObject({ fileBytes: 100, before: { fileBytes: 90 } });
    const error = await errorOf(measured(cache, 2148));
    expect(error.code).toBe('BUDGET_EXCEEDED');
    expect(error.message).toBe(
      'Cannot accept the build: program@x86_64 has 2.1 KiB, 2 KiB over its budget of 100 B; since the last build: +2 KiB\n  etc/program +2 KiB',
    );
    // What broke its budget is not what the next build is compared with.
    expect(await measured(cache, 99)).toMatchObject({ before: { fileBytes: 100 } });
  });

  test('refuse one byte too many in words that differ', async () => {
    const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    const { message } = await errorOf(measured(cache, 101));
    expect(message).toContain('program@x86_64 has 101 B, 1 B over its budget of 100 B');
  });

  test('note nothing where nothing may be written', async () => {
    const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    // Nobody can make a directory in sysfs, root included.
    const readOnly = { ...cache, sizes: '/sys/kernel/sizes' };
    expect(await measured(readOnly, 90)).toMatchObject({ fileBytes: 90 });
    expect((await measured(readOnly, 91))?.before).toBeUndefined();
  });
});
