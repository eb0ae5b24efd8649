/**
 * Built layers on disk: an OCI image layout (image-layout.md) whose blobs are plain tar layers, and beside it
 * `keys/<key>.json`, which says what a build with that cache key left.
 *
 * Blobs and keys appear by rename when they are whole. What is missing or has another size counts as not built.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { OutputName } from '../define-slice.ts';
import type { LayerStream } from './layer-tar.ts';

/** A layer in the store. It is not compressed, so its digest is its DiffID too. */
export interface StoredLayer {
  /** `sha256:` and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** The layers of one build, by output. */
export type StoredOutputs = Readonly<Partial<Record<OutputName, StoredLayer>>>;

/** The store. */
export interface LayerStore {
  /** What a build with this key left, or `undefined` when it has to be built. */
  find(key: string): Promise<StoredOutputs | undefined>;
  /** Takes a layer in and returns what it is called. */
  put(layer: LayerStream): Promise<StoredLayer>;
  /** Notes the outcome of a build. Its layers are in the store by now. */
  record(key: string, outputs: StoredOutputs): Promise<void>;
  /** The file of a blob. */
  pathOf(digest: string): string;
}

/** Opens the store in `directory`; it is made on first use. */
export function openLayerStore(directory: string): LayerStore {
  const pathOf = (digest: string): string => join(directory, 'blobs', digest.replace(':', '/'));
  const keyPath = (key: string): string => join(directory, 'keys', `${key}.json`);
  const present = async (layer: StoredLayer): Promise<boolean> =>
    stat(pathOf(layer.digest)).then(
      ({ size }) => size === layer.sizeBytes,
      () => false,
    );

  return {
    pathOf,
    async find(key) {
      const text = await readFile(keyPath(key), 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      const outputs: StoredOutputs = JSON.parse(text);
      const found = await Promise.all(Object.values(outputs).map(present));
      return found.includes(false) ? undefined : outputs;
    },
    async put(layer) {
      await prepareLayout(directory);
      const draft = join(directory, 'blobs/sha256', `.${randomUUID()}`);
      try {
        const stored = await writeBlob(draft, layer);
        await rename(draft, pathOf(stored.digest));
        return stored;
      } finally {
        await rm(draft, { force: true });
      }
    },
    record: (key, outputs) => writeWhole(keyPath(key), `${JSON.stringify(outputs, null, 2)}\n`),
  };
}

async function prepareLayout(directory: string): Promise<void> {
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  await writeWhole(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeWhole(join(directory, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
}

async function writeBlob(path: string, layer: LayerStream): Promise<StoredLayer> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx');
  try {
    for await (const chunk of layer) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

/** Writes a file so that a reader sees either all of it or what was there before. */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
