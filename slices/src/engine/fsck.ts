/** Looks a store through: whether every file in it is whole and what it is called. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { isDraft } from '../drafts.ts';
import { exists, removeTree, sha256OfFile } from '../files.ts';
import { keyOf } from './key.ts';
import type { Descriptor } from './layout-index.ts';
import { presence } from './presence.ts';
import { openStore, type Store } from './store.ts';
import { leftOver } from './sweep.ts';

/** Something that is not as it should be. */
export interface Problem {
  readonly kind:
    | 'blob damaged'
    | 'key unreadable'
    | 'key wrong'
    | 'output missing'
    | 'index wrong'
    | 'left over';
  readonly path: string;
  /** In one line. */
  readonly detail: string;
}

/** What was found. */
export interface FsckResult {
  readonly blobs: number;
  readonly keys: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
}

/** Reads every file of the store. Changes nothing. */
export async function fsck(cache: CacheDirectory): Promise<FsckResult> {
  using _ = await presence(cache);
  const store = openStore(cache.store);
  const problems: Problem[] = [];
  const blobs = await checkBlobs(store, problems);
  const keys = await checkKeys(store, problems);
  await checkIndex(store, problems);
  for (const { path, owner } of await leftOver(cache, false)) {
    problems.push({ kind: 'left over', path, detail: `process ${owner} began it and has ended` });
  }
  return { ...blobs, keys, problems };
}

/** Removes what is damaged or left over; it is built again. The store is sound afterwards. */
export async function repair(cache: CacheDirectory, { problems }: FsckResult): Promise<void> {
  for (const { path } of problems) await removeTree(path);
  const { writeIndex } = await import('./layout-index.ts');
  await writeIndex(openStore(cache.store));
}

async function checkBlobs(store: Store, problems: Problem[]): Promise<{ blobs: number; bytes: number }> {
  const directory = join(store.directory, 'blobs/sha256');
  let [blobs, bytes] = [0, 0];
  for (const name of await readdir(directory).catch(() => [])) {
    if (isDraft(name)) continue;
    const path = join(directory, name);
    const { size } = await stat(path);
    blobs += 1;
    bytes += size;
    const found = await sha256OfFile(path);
    if (found !== name) problems.push({ kind: 'blob damaged', path, detail: `its SHA-256 is ${found}` });
  }
  return { blobs, bytes };
}

async function checkKeys(store: Store, problems: Problem[]): Promise<number> {
  const keys = await store.keys();
  for (const key of keys) {
    const path = store.keyPath(key);
    const build = await store.read(key);
    if (build === undefined) {
      problems.push({ kind: 'key unreadable', path, detail: 'it is no record of a build' });
      continue;
    }
    const found = keyOf(build.record);
    if (found !== key) problems.push({ kind: 'key wrong', path, detail: `its record has the key ${found}` });
    for (const [name, { digest }] of Object.entries(build.outputs)) {
      if (await exists(store.pathOf(digest))) continue;
      problems.push({ kind: 'output missing', path, detail: `the ${name} output ${digest} is not there` });
    }
  }
  return keys.length;
}

/** The index and what it leads to, by the rules of image-layout.md. A store that was never written to has none. */
async function checkIndex(store: Store, problems: Problem[]): Promise<void> {
  const path = join(store.directory, 'index.json');
  const wrong = (detail: string): void => void problems.push({ kind: 'index wrong', path, detail });
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  try {
    const layout: { imageLayoutVersion?: string } = JSON.parse(
      await readFile(join(store.directory, 'oci-layout'), 'utf8'),
    );
    if (layout.imageLayoutVersion !== '1.0.0') wrong('oci-layout does not say version 1.0.0');
    const { manifests }: { manifests: readonly Descriptor[] } = JSON.parse(text);
    for (const manifest of manifests) {
      const bytes = await present(store, manifest, wrong);
      if (bytes === undefined) continue;
      const { config, layers }: { config: Descriptor; layers: readonly Descriptor[] } = JSON.parse(bytes);
      for (const descriptor of [config, ...layers]) await present(store, descriptor, wrong, false);
    }
  } catch (error) {
    wrong(`it cannot be read: ${messageOf(error)}`);
  }
}

async function present(
  store: Store,
  { digest, size }: Descriptor,
  wrong: (detail: string) => void,
  read = true,
): Promise<string | undefined> {
  const path = store.pathOf(digest);
  const found = await stat(path).catch(() => undefined);
  if (found?.size === size) return read ? readFile(path, 'utf8') : undefined;
  wrong(`${digest} is ${found === undefined ? 'not there' : `of ${found.size} bytes, not ${size}`}`);
  return undefined;
}
