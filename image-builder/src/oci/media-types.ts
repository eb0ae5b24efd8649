/** The media types that are understood: those of the OCI image specification and Docker's equal ones. */
import { BuilderError } from '../errors.ts';

/** How a layer's tar stream is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

const OCI_LAYER = 'application/vnd.oci.image.layer';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs';

const LAYERS: ReadonlyMap<string, Compression> = new Map([
  [`${OCI_LAYER}.v1.tar`, 'none'],
  [`${OCI_LAYER}.v1.tar+gzip`, 'gzip'],
  [`${OCI_LAYER}.v1.tar+zstd`, 'zstd'],
  [`${OCI_LAYER}.nondistributable.v1.tar`, 'none'],
  [`${OCI_LAYER}.nondistributable.v1.tar+gzip`, 'gzip'],
  [`${OCI_LAYER}.nondistributable.v1.tar+zstd`, 'zstd'],
  [`${DOCKER_LAYER}.diff.tar`, 'none'],
  [`${DOCKER_LAYER}.diff.tar.gzip`, 'gzip'],
  [`${DOCKER_LAYER}.diff.tar.zstd`, 'zstd'],
  [`${DOCKER_LAYER}.foreign.diff.tar`, 'none'],
  [`${DOCKER_LAYER}.foreign.diff.tar.gzip`, 'gzip'],
]);

/** An image index, in OCI's and Docker's words. */
export const INDEX_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** An image manifest. */
export const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** An image configuration. */
export const CONFIG_TYPES: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** The compression that a layer's media type names. Throws `MEDIA_TYPE_UNKNOWN`. */
export function layerCompression(mediaType: string): Compression {
  const compression = LAYERS.get(mediaType);
  if (mediaType.endsWith('+encrypted')) throw encrypted(mediaType);
  if (compression === undefined) throw unknownMediaType(mediaType, 'a layer', [...LAYERS.keys()].slice(0, 3));
  return compression;
}

function encrypted(mediaType: string): BuilderError {
  return new BuilderError('MEDIA_TYPE_UNKNOWN', 'Cannot use a layer: it is encrypted', {
    hint: 'Decrypt the image first: skopeo copy --decryption-key <key> <image> oci:<directory>.',
    facts: { mediaType },
  });
}

/** The error for a media type that means nothing here. */
export function unknownMediaType(mediaType: string, what: string, wanted: readonly string[]): BuilderError {
  return new BuilderError('MEDIA_TYPE_UNKNOWN', `Cannot use ${what} of media type "${mediaType}"`, {
    hint: `Wanted ${wanted.join(', ')} or Docker's equal; convert it with: skopeo copy --format oci.`,
    facts: { mediaType },
  });
}
