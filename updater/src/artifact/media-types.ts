/** The media types of a sealed release as an OCI artifact (OCI image spec 1.1, "Guidelines for Artifact Usage"). */
import { FILE_KINDS, type FileKind } from '@cocon-os/sdfs';

/** `artifactType` of the manifest. */
export const ARTIFACT_TYPE = 'application/vnd.cocon.release.v1';

/** Media type of each file of a release. release.json is the manifest's config, so its digest is the release's digest. */
export const MEDIA_TYPES: Readonly<Record<FileKind, string>> = {
  'release.json': 'application/vnd.cocon.release.v1+json',
  'release.sig': 'application/vnd.cocon.signature.v1',
  kernel: 'application/vnd.cocon.kernel.v1',
  initrd: 'application/vnd.cocon.initrd.v1',
  dtb: 'application/vnd.cocon.devicetree.v1',
  rootfs: 'application/vnd.cocon.rootfs.v1',
  verity: 'application/vnd.cocon.verity.v1',
};

/** OCI's own. */
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** OCI image spec, annotations.md. */
export const ANNOTATION = {
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  refName: 'org.opencontainers.image.ref.name',
} as const;

/** Every kind, in the order in which a slot numbers them. */
export const RELEASE_KINDS: readonly FileKind[] = FILE_KINDS.filter((kind) => kind !== '');

/** What file of a release a layer's media type stands for. */
export function kindOfMediaType(mediaType: string): FileKind | undefined {
  return RELEASE_KINDS.find((kind) => MEDIA_TYPES[kind] === mediaType);
}
