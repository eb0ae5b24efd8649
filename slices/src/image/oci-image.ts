/**
 * Puts layers together into an OCI image: a layout directory (image-layout.md) with one manifest, whose blobs are the
 * store's own files. Layers stay uncompressed: they are read again at once, on this machine.
 */
import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BUILD_TIME } from '../build-time.ts';

/** What becomes an image. */
export interface ImageSpec {
  readonly name: string;
  readonly version: string;
  /** In the words of the OCI image spec: `amd64`. */
  readonly architecture: string;
  /** The kernel command line that it is to be sealed with, left on it as a label. */
  readonly commandLine?: string;
  /** From the bottom up, with a comment for each. */
  readonly layers: readonly {
    readonly layer: { readonly digest: string; readonly sizeBytes: number };
    readonly comment: string;
  }[];
}

/** Where the layers are. */
export interface LayerPlace {
  /** The file of a blob. */
  pathOf(digest: string): string;
}

/** An image on disk. */
export interface BuiltImage {
  /** The layout directory. */
  readonly layoutDirectory: string;
  /** Digest of its manifest. */
  readonly digest: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Writes the image into `directory`, which is replaced when it exists. The same spec gives the same bytes. */
export async function writeOciImage(
  spec: ImageSpec,
  store: LayerPlace,
  directory: string,
): Promise<BuiltImage> {
  const draft = `${directory}.${process.pid}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(join(draft, 'blobs/sha256'), { recursive: true });
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(draft, 'blobs/sha256', hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };

  const layers: Descriptor[] = [];
  for (const { layer } of spec.layers) {
    await linkOrCopy(store.pathOf(layer.digest), join(draft, 'blobs', layer.digest.replace(':', '/')));
    layers.push({ mediaType: LAYER, digest: layer.digest, size: layer.sizeBytes });
  }
  const created = new Date(BUILD_TIME * 1000).toISOString().replace('.000Z', 'Z');
  const config = await put(CONFIG, {
    created,
    architecture: spec.architecture,
    os: 'linux',
    config:
      spec.commandLine === undefined ? {} : { Labels: { 'org.cocon-os.command-line': spec.commandLine } },
    rootfs: { type: 'layers', diff_ids: spec.layers.map(({ layer }) => layer.digest) },
    history: spec.layers.map(({ comment }) => ({ created, created_by: comment })),
  });
  const annotations = {
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.title': spec.name,
    'org.opencontainers.image.version': spec.version,
  };
  const manifest = await put(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers,
    annotations,
  });
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': spec.version } };
  await writeFile(join(draft, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(draft, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [named] }),
  );

  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  return { layoutDirectory: directory, digest: manifest.digest };
}

/** Blobs are never changed in place, so a hard link does; another file system needs a copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  if (await stat(to).catch(() => undefined)) return;
  await link(from, to).catch(() => copyFile(from, to));
}
