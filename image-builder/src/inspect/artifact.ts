/** What an OCI image or a sealed release is made of, read through any {@link ImageSource}. */
import { openRelease, parseRelease, type Release, type SdfsErrorCode, isSdfsError } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { ARTIFACT_TYPE, MEDIA_TYPES } from '@cocon-os/updater';

import { BuilderError } from '../errors.ts';
import { parseIndex, parseManifest, type Descriptor } from '../oci/descriptor.ts';
import { readDocument, verifiedBytes, type ImageSource } from '../oci/image-source.ts';
import { INDEX_TYPES } from '../oci/media-types.ts';

/** A blob of a manifest; all of them were read and have the digest that names them. */
export interface InspectedBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly title: string | null;
}

/** A manifest and what it refers to. */
export interface InspectedArtifact {
  readonly kind: 'release' | 'image';
  readonly digest: string;
  readonly platform: string | null;
  readonly blobs: readonly InspectedBlob[];
  readonly release: InspectedRelease | null;
}

/** What is known of a sealed release. */
export interface InspectedRelease {
  readonly digest: string;
  readonly release: Release;
  /** Key ids of the signatures. */
  readonly signedBy: readonly string[];
  readonly signature: SignatureVerdict;
}

/** `not checked`: no key was given to check against. */
export type SignatureVerdict = 'verified' | 'not checked' | SdfsErrorCode;

const TITLE = 'org.opencontainers.image.title';
const SIGNATURE_ENTRY = 96;
const KEY_ID = 32;

/** Every manifest of `source`, with all blobs verified. `onProgress` hears the bytes read of one manifest's blobs. */
export async function inspectArtifacts(
  source: ImageSource,
  trustedKeys: readonly Uint8Array[],
  onProgress: (done: number, total: number) => void,
): Promise<readonly InspectedArtifact[]> {
  const found: InspectedArtifact[] = [];
  for (const descriptor of await manifestsOf(source, await source.candidates())) {
    found.push(await inspectManifest(source, descriptor, trustedKeys, onProgress));
  }
  return found;
}

async function manifestsOf(
  source: ImageSource,
  descriptors: readonly Descriptor[],
  depth = 0,
): Promise<readonly Descriptor[]> {
  if (depth > 4) {
    throw new BuilderError(
      'MANIFEST_INVALID',
      `Cannot inspect ${source.name}: its indexes are nested too deep`,
      {
        hint: 'Name a manifest by its digest.',
      },
    );
  }
  const found: Descriptor[] = [];
  for (const descriptor of descriptors) {
    if (!INDEX_TYPES.includes(descriptor.mediaType)) {
      found.push(descriptor);
      continue;
    }
    const { manifests } = parseIndex(
      await readDocument(source, descriptor, 'manifest'),
      `index ${descriptor.digest}`,
    );
    found.push(...(await manifestsOf(source, manifests, depth + 1)));
  }
  return found;
}

async function inspectManifest(
  source: ImageSource,
  descriptor: Descriptor,
  trustedKeys: readonly Uint8Array[],
  onProgress: (done: number, total: number) => void,
): Promise<InspectedArtifact> {
  const manifest = parseManifest(
    await readDocument(source, descriptor, 'manifest'),
    `manifest ${descriptor.digest}`,
  );
  const blobs = [manifest.config, ...manifest.layers];
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const blob of blobs) {
    for await (const piece of verifiedBytes(source, blob, 'blob')) {
      done += piece.length;
      onProgress(done, total);
    }
  }
  const sealed =
    manifest.artifactType === ARTIFACT_TYPE || manifest.config.mediaType === MEDIA_TYPES['release.json'];
  const { platform } = descriptor;
  return {
    kind: sealed ? 'release' : 'image',
    digest: descriptor.digest,
    platform: platform === undefined ? null : `${platform.os}/${platform.architecture}`,
    blobs: blobs.map(({ mediaType, digest, size, annotations }) => ({
      mediaType,
      digest,
      size,
      title: annotations?.[TITLE] ?? null,
    })),
    release: sealed ? await inspectRelease(source, manifest.config, manifest.layers, trustedKeys) : null,
  };
}

async function inspectRelease(
  source: ImageSource,
  config: Descriptor,
  layers: readonly Descriptor[],
  trustedKeys: readonly Uint8Array[],
): Promise<InspectedRelease> {
  const json = await readDocument(source, config, 'blob');
  const layer = layers.find(({ mediaType }) => mediaType === MEDIA_TYPES['release.sig']);
  const signature = layer === undefined ? new Uint8Array() : await readDocument(source, layer, 'blob');
  return {
    digest: config.digest,
    release: parseRelease(json),
    signedBy: signerIds(signature),
    signature: judgeSignature(json, signature, trustedKeys),
  };
}

/** Whether a trusted key signed; the code of the refusal otherwise. */
export function judgeSignature(
  json: Uint8Array,
  signature: Uint8Array,
  trustedKeys: readonly Uint8Array[],
): SignatureVerdict {
  if (trustedKeys.length === 0) return 'not checked';
  try {
    openRelease(json, signature, trustedKeys, nodeCrypto);
    return 'verified';
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown.code;
    throw thrown;
  }
}

/** The key ids in a release.sig, hexadecimal. */
export function signerIds(signature: Uint8Array): readonly string[] {
  const ids: string[] = [];
  for (let at = 0; at + SIGNATURE_ENTRY <= signature.length; at += SIGNATURE_ENTRY) {
    ids.push(Buffer.from(signature.subarray(at, at + KEY_ID)).toString('hex'));
  }
  return ids;
}
