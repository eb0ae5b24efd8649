/** Where an image comes from, and blobs that are checked against their descriptor while they are read. */
import { createHash } from 'node:crypto';

import { BuilderError } from '../errors.ts';
import { splitDigest, type Descriptor } from './descriptor.ts';

/** Bytes in order. */
export type Bytes = AsyncIterable<Uint8Array>;

/** A place that holds images: a layout directory, an archive or a registry's repository. */
export interface ImageSource {
  /** As the user wrote it, for messages. */
  readonly name: string;
  /** What the reference names: one descriptor, or those to choose from by platform. */
  candidates(): Promise<readonly Descriptor[]>;
  /** The unchecked bytes of a blob; `manifest` for manifests and indexes. Throws `BLOB_MISSING`. */
  open(descriptor: Descriptor, kind: 'manifest' | 'blob'): Promise<Bytes>;
  close(): Promise<void>;
}

/** Largest manifest, index or configuration that is read into memory, in bytes (distribution-spec: 4 MiB). */
export const DOCUMENT_LIMIT = 4 * 2 ** 20;

/** The blob's bytes; ends with `BLOB_WRONG_DIGEST` unless size and digest are those of the descriptor. */
export async function* verifiedBytes(
  source: ImageSource,
  descriptor: Descriptor,
  kind: 'manifest' | 'blob',
): AsyncGenerator<Uint8Array> {
  const { algorithm, hex } = splitDigest(descriptor.digest);
  const hash = createHash(algorithm);
  let size = 0;
  for await (const piece of rawBytes(source, descriptor, kind)) {
    size += piece.length;
    if (size > descriptor.size)
      throw wrongBlob(source, descriptor, `it is longer than ${descriptor.size} bytes`);
    hash.update(piece);
    yield piece;
  }
  if (size !== descriptor.size)
    throw wrongBlob(source, descriptor, `it ends after ${size} of ${descriptor.size} bytes`);
  const found = hash.digest('hex');
  if (found !== hex) throw wrongBlob(source, descriptor, `its bytes have the digest ${algorithm}:${found}`);
}

/** The blob's bytes as the source has them. Throws `BLOB_UNREADABLE` for what the system says against that. */
async function* rawBytes(
  source: ImageSource,
  descriptor: Descriptor,
  kind: 'manifest' | 'blob',
): AsyncGenerator<Uint8Array> {
  try {
    yield* await source.open(descriptor, kind);
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new BuilderError(
      'BLOB_UNREADABLE',
      `Cannot read blob ${descriptor.digest} of ${source.name}: ${cause.message}`,
      { cause, hint: 'Look at the place that it lies in, or copy the image again.' },
    );
  }
}

/** A small blob whole, verified. Throws `MANIFEST_INVALID` when it is over {@link DOCUMENT_LIMIT}. */
export async function readDocument(
  source: ImageSource,
  descriptor: Descriptor,
  kind: 'manifest' | 'blob',
): Promise<Uint8Array> {
  if (descriptor.size > DOCUMENT_LIMIT) {
    throw new BuilderError(
      'MANIFEST_INVALID',
      `Cannot read ${descriptor.digest} of ${source.name}: ${descriptor.size} bytes, at most ${DOCUMENT_LIMIT} are allowed`,
      { hint: 'This is no manifest or configuration; look at the image with: skopeo inspect --raw.' },
    );
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of verifiedBytes(source, descriptor, kind)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The error for a blob that a place does not hold. */
export function missingBlob(source: string, digest: string, cause?: unknown): BuilderError {
  return new BuilderError('BLOB_MISSING', `Cannot read blob ${digest} of ${source}: it is not there`, {
    hint: 'The image is incomplete. Copy it again, with all its layers.',
    facts: { digest },
    cause,
  });
}

function wrongBlob(source: ImageSource, descriptor: Descriptor, what: string): BuilderError {
  return new BuilderError(
    'BLOB_WRONG_DIGEST',
    `Cannot use blob ${descriptor.digest} of ${source.name}: ${what}`,
    {
      hint: 'The image is damaged or was tampered with. Copy it again from where it came from.',
      facts: { digest: descriptor.digest, size: descriptor.size },
    },
  );
}
