import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { draftOf } from '../src/drafts.ts';
import { openStore, type Store } from '../src/engine/store.ts';
import { writeOciImage, type BuiltImage } from '../src/image/oci-image.ts';
import { membersOfEntries } from '../src/layer/members.ts';
import { scratchDirectory } from './support.ts';

async function layerIn(store: Store, contents: string) {
  const entry = { type: 'file', path: 'file', mode: 0o644, contents } as const;
  return { layer: await store.put(membersOfEntries([entry])), comment: contents };
}

async function imageIn(directory: string, store: Store): Promise<BuiltImage> {
  const layers = [await layerIn(store, 'lower'), await layerIn(store, 'upper')];
  const spec = { name: 'sample', version: '1.0', architecture: 'amd64', layers };
  return writeOciImage(spec, store, directory);
}

/** The code of a system error. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
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
  it('gives the same bytes in another directory and from another store', async () => {
    const [one, two] = [await scratchDirectory(), await scratchDirectory()];
    const first = await imageIn(join(one, 'image'), openStore(join(one, 'store')));
    const second = await imageIn(join(two, 'image'), openStore(join(two, 'store')));
    expect(second.digest).toBe(first.digest);
    const contents = await contentsOf(first.layoutDirectory);
    expect(contents.size).toBe('oci-layout index.json manifest config lower upper'.split(' ').length);
    expect(await contentsOf(second.layoutDirectory)).toEqual(contents);
  });

  it('is read by skopeo, which finds the same digest and both layers in order', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const image = await imageIn(join(root, 'image'), store);
    const seen: unknown = JSON.parse(
      execFileSync('skopeo', ['inspect', `oci:${image.layoutDirectory}`]).toString(),
    );
    const [lower, upper] = [await layerIn(store, 'lower'), await layerIn(store, 'upper')];
    expect(seen).toMatchObject({
      Digest: image.digest,
      Architecture: 'amd64',
      Os: 'linux',
      Created: '2025-01-01T00:00:00Z',
      Layers: [lower.layer.digest, upper.layer.digest],
    });
  });

  it('replaces what was in the directory and leaves the store alone', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const { layoutDirectory } = await imageIn(join(root, 'image'), store);
    await writeFile(join(layoutDirectory, 'left-over'), '');
    await imageIn(join(root, 'image'), store);
    expect(await readdir(layoutDirectory)).not.toContain('left-over');
    expect((await readdir(root)).toSorted()).toEqual(['image', 'store']);
  });

  it('refuses a directory that holds something else, and leaves it as it was', async () => {
    const root = await scratchDirectory();
    const occupied = join(root, 'thesis');
    await mkdir(occupied);
    await writeFile(join(occupied, 'chapter'), 'words');
    await expect(imageIn(occupied, openStore(join(root, 'store')))).rejects.toMatchObject({
      code: 'OUTPUT_OCCUPIED',
    });
    expect(await readdir(occupied)).toEqual(['chapter']);
  });

  it('refuses the directory in which it runs, and those above it', async () => {
    const store = openStore(join(await scratchDirectory(), 'store'));
    for (const directory of [process.cwd(), dirname(process.cwd()), '/']) {
      await expect(imageIn(directory, store)).rejects.toMatchObject({
        code: 'OUTPUT_OCCUPIED',
        message: `Cannot write an image to ${directory}: the command itself runs in it`,
      });
    }
  });

  it('shares no file with the store, so that a changed image changes no later one', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const { layoutDirectory } = await imageIn(join(root, 'image'), store);
    const { layer } = await layerIn(store, 'lower');
    const blob = join(layoutDirectory, 'blobs', layer.digest.replace(':', '/'));
    expect((await stat(blob)).ino).not.toBe((await stat(store.pathOf(layer.digest))).ino);
  });

  it('is whole or not there at every moment while it is replaced', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const image = join(root, 'image');
    await imageIn(image, store);
    // What takes long to remove shows what is seen meanwhile.
    const names = Array.from({ length: 200 }, (_, index) => `left-over-${index}`);
    const seen = new Set<string>();
    for (let time = 0; time < 5; time += 1) {
      for (const name of names) await writeFile(join(image, name), '');
      const write = imageIn(image, store).then(() => true);
      const look = async (): Promise<boolean> => {
        seen.add(String(await readdir(image).then((found) => found.length, codeOf)));
        return false;
      };
      while (!(await Promise.race([write, look()])));
    }
    expect([...seen].filter((each) => !['ENOENT', '3', '203'].includes(each))).toEqual([]);
  });

  it('refuses a layer whose bytes are not those of its name, and leaves the earlier image', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const layers = [await layerIn(store, 'lower')];
    const spec = { name: 'sample', version: '1.0', architecture: 'amd64', layers };
    const write = () => writeOciImage(spec, store, join(root, 'image'));
    const { layoutDirectory } = await write();
    const before = await contentsOf(layoutDirectory);
    for (const { layer } of layers) {
      const path = store.pathOf(layer.digest);
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(1, 512, 513));
    }
    await expect(write()).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await contentsOf(layoutDirectory)).toEqual(before);
    expect((await readdir(root)).toSorted()).toEqual(['image', 'store']);
  });

  it('sweeps what a killed build left of the same image', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const own = await draftOf(join(root, 'image'));
    const left = own.replace(/draft-\d+/, 'draft-99999999');
    await mkdir(join(left, 'blobs'), { recursive: true });
    await mkdir(left.replace('image', 'other'));
    await imageIn(join(root, 'image'), store);
    expect((await readdir(root)).toSorted()).toEqual([
      'image',
      basename(left.replace('image', 'other')),
      'store',
    ]);
  });

  it('can be written by several builds at once', async () => {
    const root = await scratchDirectory();
    const store = openStore(join(root, 'store'));
    const writes = Array.from({ length: 8 }, () => imageIn(join(root, 'image'), store));
    const digests = new Set((await Promise.all(writes)).map(({ digest }) => digest));
    expect(digests.size).toBe(1);
    expect((await readdir(root)).toSorted()).toEqual(['image', 'store']);
  });
});
