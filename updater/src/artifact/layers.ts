/** What the layers of a manifest must be before they are fetched, and that they are what release.json signs for. */
import { releaseFiles, type FileKind, type Release } from '@cocon-os/sdfs';

import { UpdaterError } from '../errors.ts';
import type { OciManifest } from './manifest.ts';
import { ARTIFACT_TYPE, kindOfMediaType, MEDIA_TYPES, RELEASE_KINDS } from './media-types.ts';

/** A layer whose media type is known. */
export interface ReleaseLayer {
  readonly kind: FileKind;
  readonly sha256: string;
  readonly size: number;
}

/** The layers of a manifest, told apart. */
export interface ReleaseLayers {
  readonly signature: ReleaseLayer;
  /** All others. */
  readonly files: readonly ReleaseLayer[];
}

/** Exactly one signature and one kernel, at most one of the others but device trees. */
export function releaseLayers(manifest: OciManifest): ReleaseLayers {
  const { artifactType, config } = manifest;
  if (config.mediaType !== MEDIA_TYPES['release.json']) throw unknownMediaType('config', config.mediaType);
  if (artifactType !== undefined && artifactType !== ARTIFACT_TYPE)
    throw unknownMediaType('artifactType', artifactType);
  const layers = manifest.layers.map(({ mediaType, sha256, size }, index) => {
    const kind = kindOfMediaType(mediaType);
    if (kind === undefined || kind === 'release.json') throw unknownMediaType(`layer ${index}`, mediaType);
    return { kind, sha256, size };
  });
  const count = (kind: FileKind): number => layers.filter((layer) => layer.kind === kind).length;
  const signature = layers.find((layer) => layer.kind === 'release.sig');
  if (signature === undefined) {
    throw new UpdaterError('ARTIFACT_UNSIGNED', 'Cannot use the release: it has no signature layer', {
      hint: 'Seal it with a key: cocon seal --key <file>.',
    });
  }
  if (count('kernel') === 0) {
    throw new UpdaterError('ARTIFACT_MISSING_KERNEL', 'Cannot use the release: it has no kernel layer', {
      hint: 'The OS image needs a kernel in /boot when it is sealed.',
    });
  }
  const twice = RELEASE_KINDS.find((kind) => kind !== 'dtb' && count(kind) > 1);
  if (twice !== undefined) {
    throw new UpdaterError(
      'ARTIFACT_BAD_MANIFEST',
      `Cannot use the release: its manifest lists ${twice} ${count(twice)} times`,
      {
        hint: 'Build the archive again.',
      },
    );
  }
  return { signature, files: layers.filter((layer) => layer !== signature) };
}

/** Compares kinds, sizes and digests; names come from release.json alone. `ARTIFACT_MISMATCH`. */
export function matchRelease({ files }: ReleaseLayers, release: Release): void {
  const signed = releaseFiles(release);
  const missing = signed.find((file) => !files.some(same(file)));
  const extra = files.find((layer) => !signed.some(same(layer)));
  if (missing === undefined && extra === undefined) return;
  const found =
    missing === undefined
      ? `its manifest has a layer for ${extra?.kind ?? ''} that release.json does not sign for`
      : `its manifest has no layer with the ${missing.name} that release.json signs for`;
  throw new UpdaterError('ARTIFACT_MISMATCH', `Cannot use the release: ${found}`, {
    hint: 'Manifest and release.json belong to different builds; fetch or build the archive again.',
    facts: { expected: missing?.sha256 ?? null, found: extra?.sha256 ?? null },
  });
}

const same = (one: ReleaseLayer) => (other: ReleaseLayer) =>
  one.kind === other.kind && one.sha256 === other.sha256 && one.size === other.size;

function unknownMediaType(where: string, mediaType: string): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_UNKNOWN_MEDIA_TYPE',
    `Cannot use the archive: its ${where} has the media type "${mediaType}"`,
    {
      hint: mediaType.startsWith('application/vnd.oci.image.')
        ? 'This is an OS image that was not sealed yet: run cocon seal.'
        : 'It was made for a newer cocon-update, or is no release at all.',
      facts: { mediaType },
    },
  );
}
