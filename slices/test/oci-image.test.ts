import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createBuilder, type Builder } from '../src/build/builder.ts';
import { cacheDirectoryAt } from '../src/cache-directory.ts';
import { writeOciImage, type BuiltImage } from '../src/image/oci-image.ts';
import { scratchDirectory, scriptSlice } from './support.ts';

async function imageIn(directory: string, builder: Builder): Promise<BuiltImage> {
  const layers = [];
  for (const name of ['lower', 'upper']) {
    const { outputs } = await builder.build(scriptSlice(`echo ${name} >/out/file`, { name }));
    if (outputs.runtime !== undefined) layers.push({ layer: outputs.runtime, comment: name });
  }
  const spec = { name: 'sample', version: '1.0', architecture: 'amd64', layers };
  return writeOciImage(spec, builder.store, directory);
}

/** Every file of a layout with its bytes. */
async function contentsOf(directory: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path.slice(directory.length), await readFile(path, 'hex'));
  }
  return files;
}

describe('writeOciImage()', () => {
  it('gives the same bytes in another directory and from another cache', async () => {
    const [one, two] = [await scratchDirectory(), await scratchDirectory()];
    const first = await imageIn(
      join(one, 'image'),
      createBuilder({ cache: cacheDirectoryAt(join(one, 'cache')) }),
    );
    const second = await imageIn(
      join(two, 'image'),
      createBuilder({ cache: cacheDirectoryAt(join(two, 'cache')) }),
    );
    expect(second.digest).toBe(first.digest);
    const contents = await contentsOf(first.layoutDirectory);
    expect(contents.size).toBe('oci-layout index.json manifest config lower upper'.split(' ').length);
    expect(await contentsOf(second.layoutDirectory)).toEqual(contents);
  });

  it('is read by skopeo, which finds the same digest and both layers in order', async () => {
    const root = await scratchDirectory();
    const builder = createBuilder({ cache: cacheDirectoryAt(join(root, 'cache')) });
    const image = await imageIn(join(root, 'image'), builder);
    const seen: unknown = JSON.parse(
      execFileSync('skopeo', ['inspect', `oci:${image.layoutDirectory}`]).toString(),
    );
    const { outputs: lower } = await builder.build(scriptSlice('echo lower >/out/file', { name: 'lower' }));
    const { outputs: upper } = await builder.build(scriptSlice('echo upper >/out/file', { name: 'upper' }));
    expect(seen).toMatchObject({
      Digest: image.digest,
      Architecture: 'amd64',
      Os: 'linux',
      Created: '2025-01-01T00:00:00Z',
      Layers: [lower.runtime?.digest, upper.runtime?.digest],
    });
  });

  it('replaces what was in the directory and leaves the store alone', async () => {
    const root = await scratchDirectory();
    const builder = createBuilder({ cache: cacheDirectoryAt(join(root, 'cache')) });
    const { layoutDirectory } = await imageIn(join(root, 'image'), builder);
    await writeFile(join(layoutDirectory, 'left-over'), '');
    await imageIn(join(root, 'image'), builder);
    expect(await readdir(layoutDirectory)).not.toContain('left-over');
    expect((await readdir(root)).toSorted()).toEqual(['cache', 'image']);
  });
});
