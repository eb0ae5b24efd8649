/** The public face of the package: what the image builder, tests and other tools import. */
export {
  layoutArtifact,
  blobPath,
  type ArtifactInput,
  type ArtifactLayout,
  type LayoutEntry,
} from './artifact/write-artifact.ts';
export {
  ANNOTATION,
  ARTIFACT_TYPE,
  INDEX_TYPE,
  kindOfMediaType,
  MANIFEST_TYPE,
  MEDIA_TYPES,
} from './artifact/media-types.ts';
export { openArtifact, type Artifact, type OpenArtifactOptions } from './artifact/open-artifact.ts';
export type { ArchiveFile } from './artifact/archive.ts';
export * from './errors.ts';
export { trustedKeys, KEY_DIRECTORY } from './keys.ts';
export type { ByteSource, Platform, RunResult } from './platform.ts';
export { program } from './program.ts';
export { stageArtifact, type StageOptions, type StageResult } from './stage-artifact.ts';
export { readStatus } from './status.ts';
export type { SlotReport, StatusReport } from './status-schema.ts';
export { findVerityFault, type VerityInput } from './verity-tree.ts';
