/** Real slices, built twice in caches of their own: the layers must be the same to the byte. */
import { symlink } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { busybox } from '../busybox/slice.ts';
import { createBuilder } from '../src/build/builder.ts';
import { cacheDirectory, cacheDirectoryAt } from '../src/cache-directory.ts';
import type { StoredOutputs } from '../src/layer/layer-store.ts';
import type { Slice } from '../src/define-slice.ts';
import { scratchDirectory } from './support.ts';

/** Builds from nothing but the sources, which are shared because they are the same by their names. */
async function buildAfresh(slice: Slice): Promise<readonly StoredOutputs[]> {
  const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
  await mkdir(cacheDirectory().sources, { recursive: true });
  await mkdir(dirname(cache.sources), { recursive: true });
  await symlink(cacheDirectory().sources, cache.sources);
  const builder = createBuilder({ cache });
  const { outputs } = await builder.build(slice);
  return [
    ...(await Promise.all((slice.needs ?? []).map(async (need) => (await builder.build(need)).outputs))),
    outputs,
  ];
}

describe('rebuilding', () => {
  it('gives musl, the kernel headers and busybox the same digests in another directory', async () => {
    const first = await buildAfresh(busybox);
    expect(await buildAfresh(busybox)).toEqual(first);
  });
});
