/**
 * An image in a tar archive: an OCI layout (`oci-archive`), or what `docker save` writes. Blobs are read out of the
 * archive where they lie.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

import { z } from 'zod';

import { BuilderError } from '../errors.ts';
import { parse, parseImageConfig, splitDigest, type Descriptor } from './descriptor.ts';
import { DOCUMENT_LIMIT, missingBlob, type Bytes, type ImageSource } from './image-source.ts';
import { selectFromIndex } from './layout-index.ts';
import { storedCompression } from './stored-compression.ts';
import { archiveName, indexArchive, type ArchiveFile } from './tar-index.ts';

const dockerManifest = z
  .array(
    z.object({
      Config: z.string(),
      Layers: z
        .array(z.string())
        .nullish()
        .transform((names) => names ?? []),
      RepoTags: z.array(z.string()).nullish(),
    }),
  )
  .min(1);

/** Opens the archive at `path`. Throws `ARCHIVE_INVALID`, `ARCHIVE_TRUNCATED` and `INPUT_NOT_AN_IMAGE`. */
export async function openArchive(path: string, reference: string | undefined): Promise<ImageSource> {
  const files = await indexArchive(path);
  const index = files.get('index.json');
  if (index !== undefined)
    return ociArchive(path, files, await readWhole(path, index, 'index.json'), reference);
  const manifest = files.get('manifest.json');
  if (manifest !== undefined)
    return dockerArchive(path, files, await readWhole(path, manifest, 'manifest.json'), reference);
  throw new BuilderError('INPUT_NOT_AN_IMAGE', `Cannot read "${path}" as an image: it has no index.json`, {
    hint: 'Give an archive of an OCI image layout, for example one made with: skopeo copy … oci-archive:<file>.',
  });
}

function ociArchive(
  path: string,
  files: ReadonlyMap<string, ArchiveFile>,
  index: Uint8Array,
  reference: string | undefined,
): ImageSource {
  return {
    name: path,
    candidates: () => Promise.resolve().then(() => selectFromIndex(index, path, reference)),
    open(descriptor) {
      const { algorithm, hex } = splitDigest(descriptor.digest);
      const file = files.get(`blobs/${algorithm}/${hex}`);
      return file === undefined
        ? Promise.reject(missingBlob(path, descriptor.digest))
        : Promise.resolve(range(path, file));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Docker's own archives name no digests, and say nothing of compression: Docker writes plain tar streams, whose digests are
 * the diff_ids; crane, kaniko, jib, bazel and nix write gzip as well. What they are is told by their first bytes.
 */
async function dockerArchive(
  path: string,
  files: ReadonlyMap<string, ArchiveFile>,
  document: Uint8Array,
  reference: string | undefined,
): Promise<ImageSource> {
  const images = parse(
    dockerManifest,
    document,
    `manifest.json of ${path}`,
    "the list of Docker's archive format",
  );
  const image =
    reference === undefined
      ? images.length === 1
        ? images[0]
        : undefined
      : images.find((each) =>
          each.RepoTags?.some((tag) => tag === reference || tag.endsWith(`:${reference}`)),
        );
  if (image === undefined) {
    throw new BuilderError(
      'IMAGE_NOT_FOUND',
      `Cannot choose an image in ${path}: it holds ${images.length}`,
      {
        hint: `Add :<name> to the input. It names ${images.flatMap((each) => each.RepoTags ?? []).join(', ')}.`,
      },
    );
  }
  const configFile = fileOf(path, files, image.Config);
  const config = await readWhole(path, configFile, image.Config);
  const diffIds = parseImageConfig(config, `${image.Config} of ${path}`).rootfs.diff_ids;
  const blobs = new Map<string, Bytes>();
  const layers: Descriptor[] = [];
  for (const [position, name] of image.Layers.entries()) {
    const file = fileOf(path, files, name);
    const bytes = range(path, file);
    const suffix = await layerSuffix(path, file, name);
    // One that the configuration does not list is refused when both are compared.
    const digest = (suffix === '' ? diffIds[position] : undefined) ?? (await digestOf(bytes));
    blobs.set(digest, bytes);
    layers.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`, digest, size: file.size });
  }
  const add = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, once(bytes));
    return { mediaType, digest, size: bytes.length };
  };
  const configDescriptor = add(config, 'application/vnd.oci.image.config.v1+json');
  const manifest = add(
    Buffer.from(JSON.stringify({ schemaVersion: 2, config: configDescriptor, layers })),
    'application/vnd.oci.image.manifest.v1+json',
  );
  return {
    name: path,
    candidates: () => Promise.resolve([manifest]),
    open(descriptor) {
      const blob = blobs.get(descriptor.digest);
      return blob === undefined
        ? Promise.reject(missingBlob(path, descriptor.digest))
        : Promise.resolve(blob);
    },
    close: () => Promise.resolve(),
  };
}

/** What the media type of a layer ends with. Throws `MEDIA_TYPE_UNKNOWN` for other compressions than gzip and zstd. */
async function layerSuffix(path: string, file: ArchiveFile, name: string): Promise<string> {
  const compression = file.size === 0 ? 'none' : await storedCompression(path, file.offset);
  if (compression === 'none') return '';
  if (compression === 'gzip' || compression === 'zstd') return `+${compression}`;
  throw new BuilderError(
    'MEDIA_TYPE_UNKNOWN',
    `Cannot use layer ${name} of ${path}: it is compressed with ${compression}`,
    {
      hint: 'Layers are plain, gzip or zstd; convert it with: skopeo copy docker-archive:<file> oci:<directory>.',
    },
  );
}

async function digestOf(bytes: Bytes): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of bytes) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}

/** The list is UTF-8, names in the archive are bytes. */
function fileOf(path: string, files: ReadonlyMap<string, ArchiveFile>, name: string): ArchiveFile {
  const file = files.get(archiveName(Buffer.from(name, 'utf8').toString('latin1')));
  if (file === undefined) throw missingBlob(path, name);
  return file;
}

async function readWhole(path: string, file: ArchiveFile, name: string): Promise<Uint8Array> {
  if (file.size > DOCUMENT_LIMIT) {
    throw new BuilderError(
      'MANIFEST_INVALID',
      `Cannot read ${name} of ${path}: ${file.size} bytes are too many`,
      {
        hint: `At most ${DOCUMENT_LIMIT} bytes are allowed.`,
      },
    );
  }
  const handle = await open(path);
  try {
    const bytes = new Uint8Array(file.size);
    await handle.read(bytes, 0, file.size, file.offset);
    return bytes;
  } finally {
    await handle.close();
  }
}

function range(path: string, file: ArchiveFile): Bytes {
  if (file.size === 0) return once(new Uint8Array());
  return {
    [Symbol.asyncIterator]: () =>
      createReadStream(path, {
        start: file.offset,
        end: file.offset + file.size - 1,
        highWaterMark: 2 ** 20,
      })[Symbol.asyncIterator](),
  };
}

async function* bytesOnce(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

function once(bytes: Uint8Array): Bytes {
  return { [Symbol.asyncIterator]: () => bytesOnce(bytes) };
}
