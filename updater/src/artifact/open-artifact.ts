/**
 * From a byte source to a verified release: oci-layout, index.json, manifest, release.json and release.sig, checked in
 * that order. Nothing is returned before a trusted key's signature over release.json holds.
 */
import { openRelease, sha256Hex, type Crypto, type SignedRelease } from '@cocon-os/sdfs';

import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';
import { Archive, type ArchiveFile } from './archive.ts';
import { matchRelease, releaseLayers } from './layers.ts';
import {
  parseIndex,
  parseManifest,
  pickManifest,
  wrongArchitecture,
  type OciDescriptor,
} from './manifest.ts';
import { INDEX_TYPE } from './media-types.ts';
import { blobPath } from './write-artifact.ts';

/** An index may point to an index, as registries' tools write them; not deeper than this. */
const MAX_INDEX_DEPTH = 3;

/** What is wanted of an artifact. */
export interface OpenArtifactOptions {
  readonly crypto: Crypto;
  readonly architecture: string;
  /** Raw 32-byte Ed25519 public keys. */
  readonly trustedKeys: readonly Uint8Array[];
  /** Whether `readAt` of the source is as fast as `read`, so that blobs can be had more than once. */
  readonly seek: boolean;
}

/** An artifact whose release is verified, and whose blobs are still to come. */
export interface Artifact {
  readonly release: SignedRelease;
  /** SHA-256 of the manifest. */
  readonly manifestDigest: string;
  /**
   * Calls `take` for each wanted blob in the order in which the source has them. Sizes are checked here, contents by
   * whoever takes them. `ARTIFACT_MISSING_BLOB` at the end if one did not come. Once only, unless opened with `seek`.
   */
  blobs(
    wanted: ReadonlyMap<string, number>,
    take: (sha256: string, file: ArchiveFile) => Promise<void>,
  ): Promise<void>;
}

type BlobFacts = Pick<OciDescriptor, 'sha256' | 'size'>;

/** Opens an artifact. */
export async function openArtifact(source: ByteSource, options: OpenArtifactOptions): Promise<Artifact> {
  const { crypto, architecture, trustedKeys, seek } = options;
  const archive = new Archive(source, seek);
  const layout = await archive.small('oci-layout');
  const indexBytes = layout && (await archive.small('index.json'));
  if (indexBytes === undefined) throw notOci(source.name, layout === undefined ? 'oci-layout' : 'index.json');

  const blob = (descriptor: BlobFacts): Promise<Uint8Array> => smallBlob(archive, descriptor, crypto);
  let entry = pickManifest(parseIndex(indexBytes), architecture);
  for (let depth = 1; entry.mediaType === INDEX_TYPE; depth += 1) {
    if (depth > MAX_INDEX_DEPTH) throw notOci(source.name, 'manifest');
    entry = pickManifest(parseIndex(await blob(entry)), architecture);
  }
  const manifest = parseManifest(await blob(entry));
  const layers = releaseLayers(manifest);
  const json = await blob(manifest.config);
  const signature = await blob(layers.signature);
  const release = openRelease(json, signature, trustedKeys, crypto);
  matchRelease(layers, release.release);
  const found = release.release.architecture;
  if (found !== architecture) throw wrongArchitecture(found, architecture);
  return {
    release,
    manifestDigest: entry.sha256,
    blobs: (wanted, take) => deliver(archive, wanted, take),
  };
}

async function deliver(
  archive: Archive,
  wanted: ReadonlyMap<string, number>,
  take: (sha256: string, file: ArchiveFile) => Promise<void>,
): Promise<void> {
  const missing = new Map([...wanted].map(([sha256, size]) => [blobPath(sha256), { sha256, size }]));
  for await (const file of archive.files(new Set(missing.keys()))) {
    const blob = missing.get(file.name);
    if (blob === undefined) continue;
    if (file.size !== blob.size) throw badSize(file.name, file.size, blob.size);
    await take(blob.sha256, file);
    missing.delete(file.name);
  }
  for (const path of missing.keys()) throw missingBlob(path);
}

async function smallBlob(archive: Archive, descriptor: BlobFacts, crypto: Crypto): Promise<Uint8Array> {
  const path = blobPath(descriptor.sha256);
  const bytes = await archive.small(path);
  if (bytes === undefined) throw missingBlob(path);
  if (bytes.length !== descriptor.size) throw badSize(path, bytes.length, descriptor.size);
  const found = sha256Hex(crypto, bytes);
  if (found !== descriptor.sha256) throw badDigest(path, found);
  return bytes;
}

function notOci(name: string, missing: string): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_NOT_OCI',
    `Cannot read ${name}: it is no OCI layout, ${missing} is missing`,
    {
      hint: 'Give the image.oci that "cocon seal" wrote.',
    },
  );
}

function missingBlob(path: string): UpdaterError {
  return new UpdaterError('ARTIFACT_MISSING_BLOB', `Cannot read the archive: ${path} is missing`, {
    hint: 'Fetch or build the archive again; it is not complete.',
    facts: { path },
  });
}

function badSize(path: string, found: number, wanted: number): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_BAD_SIZE',
    `Cannot use ${path}: it has ${found} bytes, wanted ${wanted}`,
    {
      hint: 'Fetch or build the archive again.',
      facts: { path, found, wanted },
    },
  );
}

/** A blob that is not what its name says. */
export function badDigest(path: string, found: string | null, cause?: unknown): UpdaterError {
  return new UpdaterError('ARTIFACT_BAD_DIGEST', `Cannot use ${path}: its contents do not have that digest`, {
    hint: 'The archive is damaged or was changed; fetch it again.',
    facts: { path, found },
    ...(cause === undefined ? {} : { cause }),
  });
}
