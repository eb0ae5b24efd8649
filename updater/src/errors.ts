/**
 * What can go wrong between an image and a slot. Faults of a volume, of its slots and of a release's signature are
 * `SdfsError`s; these are the updater's own.
 */
import { CoconError, type ErrorDetails } from '@cocon-os/cli';

/** Faults of an OS artifact (`image.oci`). */
export type ArtifactErrorCode =
  | 'ARTIFACT_NOT_TAR'
  | 'ARTIFACT_BAD_TAR'
  | 'ARTIFACT_TRUNCATED'
  | 'ARTIFACT_NOT_OCI'
  | 'ARTIFACT_BAD_MANIFEST'
  | 'ARTIFACT_UNKNOWN_MEDIA_TYPE'
  | 'ARTIFACT_WRONG_ARCHITECTURE'
  | 'ARTIFACT_MISSING_KERNEL'
  | 'ARTIFACT_MISSING_BLOB'
  | 'ARTIFACT_UNSIGNED'
  | 'ARTIFACT_BAD_DIGEST'
  | 'ARTIFACT_BAD_SIZE'
  | 'ARTIFACT_MISMATCH'
  | 'ARTIFACT_ORDER';

/** Faults of the place that an artifact comes from. Platforms throw these. */
export type SourceErrorCode =
  | 'SOURCE_NOT_FOUND'
  | 'SOURCE_UNREACHABLE'
  | 'SOURCE_UNSUPPORTED'
  | 'SOURCE_STATUS'
  | 'SOURCE_SHORT'
  | 'SOURCE_CHANGED'
  | 'SOURCE_NO_RANGES'
  | 'SOURCE_IO';

/** Faults of the machine and of how it was asked. */
export type MachineErrorCode =
  | 'VOLUME_NOT_FOUND'
  | 'VOLUME_AMBIGUOUS'
  | 'KEY_INVALID'
  | 'NO_TRUSTED_KEYS'
  | 'RUNNING_SLOT_UNKNOWN'
  | 'SLOT_NOT_RUNNING'
  | 'TRIAL_RUNNING'
  | 'FILE_TOO_LARGE'
  | 'FILE_UNREADABLE'
  | 'DIRECTORY_NOT_FOUND'
  | 'HEALTH_FAILED'
  | 'HEALTH_TIMEOUT'
  | 'RUN_FAILED'
  | 'VERIFY_FAILED';

/** What `verify` finds in a slot besides the faults of a volume. */
export type SlotFaultCode = 'VERITY_MISMATCH';

/** Every code of this package. */
export type UpdaterErrorCode = ArtifactErrorCode | SourceErrorCode | MachineErrorCode | SlotFaultCode;

/** A fault of an artifact, its source or the machine. */
export class UpdaterError extends CoconError<UpdaterErrorCode> {
  constructor(code: UpdaterErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}
