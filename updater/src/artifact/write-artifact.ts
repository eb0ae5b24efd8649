/**
 * A signed release as an OCI artifact: which files the layout has, in which order, and the bytes of the small ones.
 *
 * Everything follows from release.json and release.sig, so equal releases give equal artifacts. Writing the tar archive
 * is the image builder's part.
 */
import { releaseFiles, sha256Hex, type Crypto, type FileKind, type Release } from '@cocon-os/sdfs';
import canonicalize from 'canonicalize';

import { encodeAscii } from '../text.ts';
import { ANNOTATION, ARTIFACT_TYPE, INDEX_TYPE, MANIFEST_TYPE, MEDIA_TYPES } from './media-types.ts';

/** One file of the layout: `bytes` for a small one, else `file` names the release's file that it holds. */
export interface LayoutEntry {
  /** Path in the layout, for example `blobs/sha256/0f3a…`. */
  readonly path: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
  /** `kernel`, `initrd`, `dtb/<name>`, `rootfs` or `verity`. */
  readonly file?: string;
}

/** The layout's files in the order in which an archive must hold them to be staged from a stream. */
export interface ArtifactLayout {
  readonly entries: readonly LayoutEntry[];
  /** SHA-256 of the manifest, which is how registries name the artifact; hexadecimal. */
  readonly manifestDigest: string;
  /** SHA-256 of release.json; hexadecimal. */
  readonly releaseDigest: string;
}

/** What an artifact is made of: the parsed release and the raw bytes that were signed. */
export interface ArtifactInput {
  readonly release: Release;
  readonly json: Uint8Array;
  readonly signature: Uint8Array;
}

/** Lays the artifact out. */
export function layoutArtifact({ release, json, signature }: ArtifactInput, crypto: Crypto): ArtifactLayout {
  const blob = (bytes: Uint8Array) => ({ bytes, size: bytes.length, sha256: sha256Hex(crypto, bytes) });
  const config = blob(json);
  const signatureBlob = blob(signature);
  const files = releaseFiles(release);
  const manifest = blob(
    canonical({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: ARTIFACT_TYPE,
      config: descriptor('release.json', 'release.json', config),
      layers: [
        descriptor('release.sig', 'release.sig', signatureBlob),
        ...files.map((file) => descriptor(file.kind, file.name, file)),
      ],
      annotations: { [ANNOTATION.title]: release.name, [ANNOTATION.version]: release.version },
    }),
  );
  const index = canonical({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      {
        mediaType: MANIFEST_TYPE,
        artifactType: ARTIFACT_TYPE,
        digest: `sha256:${manifest.sha256}`,
        size: manifest.size,
        platform: { architecture: release.architecture, os: 'linux' },
        ...(REFERENCE.test(release.version)
          ? { annotations: { [ANNOTATION.refName]: release.version } }
          : {}),
      },
    ],
  });
  const layout = canonical({ imageLayoutVersion: '1.0.0' });
  const entries: LayoutEntry[] = [
    { path: 'oci-layout', size: layout.length, bytes: layout },
    { path: 'index.json', size: index.length, bytes: index },
    ...[manifest, config, signatureBlob].map(({ sha256, size, bytes }) => ({
      path: blobPath(sha256),
      size,
      bytes,
    })),
    ...files.map(({ sha256, size, name }) => ({ path: blobPath(sha256), size, file: name })),
  ];
  return { entries: unique(entries), manifestDigest: manifest.sha256, releaseDigest: config.sha256 };
}

/** Where a layout keeps a blob. */
export function blobPath(sha256: string): string {
  return `blobs/sha256/${sha256}`;
}

/** OCI image spec, annotations.md: the grammar of `ref.name`. */
const REFERENCE = /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*$/;

function descriptor(
  kind: FileKind,
  name: string,
  { size, sha256 }: { readonly size: number; readonly sha256: string },
) {
  return {
    mediaType: MEDIA_TYPES[kind],
    digest: `sha256:${sha256}`,
    size,
    annotations: { [ANNOTATION.title]: name },
  };
}

function canonical(value: object): Uint8Array {
  return encodeAscii(canonicalize(value) ?? '');
}

/** Two files of equal contents are one blob. */
function unique(entries: readonly LayoutEntry[]): readonly LayoutEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}
