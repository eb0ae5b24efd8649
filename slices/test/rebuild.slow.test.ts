/** Real slices, built afresh in a cache of their own: the layers must be those of the usual cache, to the byte. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { busybox } from '../busybox/slice.ts';
import { createBuilder, type Builder } from '../src/build/builder.ts';
import { cacheDirectory, cacheDirectoryAt } from '../src/cache-directory.ts';
import type { StoredOutputs } from '../src/layer/layer-store.ts';
import type { Slice } from '../src/define-slice.ts';
import { scratchDirectory } from './support.ts';

/** The outputs of a slice and of what it needs. */
async function outputsOf(builder: Builder, slice: Slice): Promise<readonly StoredOutputs[]> {
  const built = [];
  for (const each of [...(slice.needs ?? []), slice]) built.push((await builder.build(each)).outputs);
  return built;
}

describe('rebuilding', () => {
  it('gives musl, the kernel headers and busybox the same digests in another directory', async () => {
    const afresh = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    await mkdir(cacheDirectory().sources, { recursive: true });
    await mkdir(afresh.root, { recursive: true });
    // The sources are the same by their names; all else is made anew.
    await symlink(cacheDirectory().sources, afresh.sources);
    const usual = await outputsOf(createBuilder(), busybox);
    expect(await outputsOf(createBuilder({ cache: afresh }), busybox)).toEqual(usual);
  });
});
