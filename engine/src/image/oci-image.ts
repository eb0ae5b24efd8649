/**
 * Puts layers together into an OCI image: a layout directory (image-layout.md) with one manifest. Its blobs are copies, for
 * whoever changes them must not change the store. Layers stay uncompressed: they are read again at once, on this machine.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { draftOf, sweepDrafts } from '../drafts.ts';
import { proveBlob } from '../engine/sound-blob.ts';
import { SlicesError } from '../errors.ts';
import { exists, hasCode, removeTree } from '../files.ts';
import { CONFIG, CREATED, INDEX, LAYER, LAYOUT, MANIFEST, type Descriptor } from '../layer/oci.ts';
import { outputFailed } from '../output-file.ts';

/** What becomes an image. */
export interface ImageSpec {
  readonly name: string;
  readonly version: string;
  /** In the words of the OCI image spec: `amd64`. */
  readonly architecture: string;
  /** The kernel command line that it is to be sealed with, left on it as a label. */
  readonly commandLine?: string;
  /** Pins of the repository that it was not built from, as `source linux 6.12.107-1 -> 6.12.110-1, package …`; left on it as a label. */
  readonly movedPins?: string | undefined;
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

/**
 * Writes the image into `directory`, where an earlier image is replaced. The same spec gives the same bytes. `accept` is
 * shown the image before it takes its place: what it throws leaves everything as it was.
 *
 * @throws SlicesError `OUTPUT_OCCUPIED` when the directory holds something else or this process runs in it, `OUTPUT_FAILED` when it is no directory or
 * cannot be written, `STORE_DAMAGED` for a layer that is not what it is called
 */
export async function writeOciImage(
  spec: ImageSpec,
  store: LayerPlace,
  directory: string,
  accept?: (image: BuiltImage) => Promise<void>,
): Promise<BuiltImage> {
  await refuseOccupied(directory);
  const draft = await draftOf(directory);
  try {
    const digest = await writeLayout(spec, store, draft);
    await accept?.({ layoutDirectory: draft, digest });
    await mkdir(dirname(directory), { recursive: true });
    await replace(directory, draft);
    return { layoutDirectory: directory, digest };
  } catch (error) {
    throw isAbout(error, directory) ? outputFailed(directory, error) : error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Puts a finished layout in its place. What was there is moved away whole, so nobody who is killed here leaves half an
 * image. Two builds may write to one place; the last one stays.
 */
async function replace(directory: string, draft: string): Promise<void> {
  await sweepDrafts(dirname(directory), directory);
  const old = await draftOf(directory);
  for (let placed = false; !placed;) {
    await rename(directory, old).catch(unless('ENOENT'));
    // Another build may have been here in between.
    placed = await rename(draft, directory).then(() => true, unless('ENOTEMPTY', 'EEXIST'));
    await removeTree(old);
  }
}

/** Throws again what has none of these codes; for the others there is nothing. */
function unless(...codes: readonly string[]): (error: unknown) => false {
  return (error) => {
    if (hasCode(error, codes)) return false;
    throw error;
  };
}

async function refuseOccupied(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): readonly string[] => {
    if (hasCode(error, ['ENOENT'])) return [];
    throw outputFailed(directory, error);
  });
  await refuseOwn(directory);
  if (names.length === 0 || (await exists(join(directory, 'oci-layout')))) return;
  throw new SlicesError(
    'OUTPUT_OCCUPIED',
    `Cannot write an image to ${directory}: it holds ${names.slice(0, 3).join(', ')}, which is no image`,
    { hint: 'Name a directory that is not there yet; it would be replaced.', facts: { directory } },
  );
}

/** A directory that is replaced is another one: whoever stands in it, as the caller's shell, would stand nowhere. */
async function refuseOwn(directory: string): Promise<void> {
  const real = await realpath(directory).catch(unless('ENOENT'));
  if (real === false || !join(process.cwd(), '/').startsWith(join(real, '/'))) return;
  throw new SlicesError(
    'OUTPUT_OCCUPIED',
    `Cannot write an image to ${directory}: the command itself runs in it`,
    { hint: 'Name a directory that is not there yet; it would be replaced.', facts: { directory } },
  );
}

/** Whether a system error is about a directory, what lies in it or above it, or a draft of it. */
function isAbout(error: unknown, directory: string): boolean {
  if (!(error instanceof Error)) return false;
  const paths: readonly unknown[] = [Reflect.get(error, 'path'), Reflect.get(error, 'dest')];
  return paths.some(
    (each) => typeof each === 'string' && (each.startsWith(directory) || directory.startsWith(`${each}/`)),
  );
}

/** Returns the manifest's digest. */
async function writeLayout(spec: ImageSpec, store: LayerPlace, draft: string): Promise<string> {
  await mkdir(dirname(draft), { recursive: true });
  // Not recursive: Node tries that for ever where the kernel makes no directories, as below /proc.
  await mkdir(draft);
  await mkdir(join(draft, 'blobs/sha256'), { recursive: true });
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(draft, 'blobs/sha256', hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };

  const layers: Descriptor[] = [];
  for (const { layer } of spec.layers) {
    const copy = join(draft, 'blobs', layer.digest.replace(':', '/'));
    await copyFile(store.pathOf(layer.digest), copy, constants.COPYFILE_FICLONE);
    await proveBlob(copy, layer.digest);
    layers.push({ mediaType: LAYER, digest: layer.digest, size: layer.sizeBytes });
  }
  const config = await put(CONFIG, {
    created: CREATED,
    architecture: spec.architecture,
    os: 'linux',
    config: configOf(spec),
    rootfs: { type: 'layers', diff_ids: spec.layers.map(({ layer }) => layer.digest) },
    history: spec.layers.map(({ comment }) => ({ created: CREATED, created_by: comment })),
  });
  const annotations = {
    'org.opencontainers.image.created': CREATED,
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
  await writeFile(join(draft, 'oci-layout'), LAYOUT);
  await writeFile(
    join(draft, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [named] }),
  );
  return manifest.digest;
}

function configOf({ commandLine, movedPins }: ImageSpec): unknown {
  if (commandLine === undefined && movedPins === undefined) return {};
  return {
    Labels: {
      ...(commandLine === undefined ? {} : { 'org.cocon-os.command-line': commandLine }),
      ...(movedPins === undefined ? {} : { 'org.cocon-os.moved-pins': movedPins }),
    },
  };
}
