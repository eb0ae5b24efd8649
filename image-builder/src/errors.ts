/** What can go wrong between a foreign image and a disk: one code per kind of fault, so that scripts can tell them apart. */
import { CoconError, type ErrorDetails } from '@cocon-os/cli';

/** The input: an image in a directory, an archive or a registry. */
export type InputErrorCode =
  | 'REFERENCE_INVALID'
  | 'INPUT_NOT_FOUND'
  | 'INPUT_NOT_AN_IMAGE'
  | 'ARCHIVE_INVALID'
  | 'ARCHIVE_TRUNCATED'
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_AMBIGUOUS'
  | 'IMAGE_WRONG_ARCHITECTURE'
  | 'MANIFEST_INVALID'
  | 'MEDIA_TYPE_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'BLOB_MISSING'
  | 'BLOB_UNREADABLE'
  | 'BLOB_WRONG_DIGEST'
  | 'AUTH_FILE_INVALID'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_REFUSED';

/** A layer, and applying it. */
export type LayerErrorCode =
  | 'LAYER_NOT_A_TAR'
  | 'LAYER_CORRUPT'
  | 'LAYER_TRUNCATED'
  | 'LAYER_ESCAPES'
  | 'LAYER_BOMB'
  | 'LAYER_TOO_MANY_ENTRIES'
  | 'LAYER_ENTRY_INVALID'
  | 'LAYER_ENTRY_UNSUPPORTED';

/** Sealing. */
export type SealErrorCode =
  | 'KERNEL_MISSING'
  | 'KERNEL_AMBIGUOUS'
  | 'KERNEL_NO_EFI_STUB'
  | 'KERNEL_WRONG_ARCHITECTURE'
  | 'INITRD_MISSING'
  | 'INITRD_AMBIGUOUS'
  | 'DEVICE_TREE_MISSING'
  | 'DEVICE_TREE_AMBIGUOUS'
  | 'ROOTFS_TOO_SMALL'
  | 'RELEASE_NOT_BOOTABLE';

/** Making a container of an image. */
export type BundleErrorCode =
  | 'IMAGE_NO_COMMAND'
  | 'USER_UNKNOWN'
  | 'MOUNT_POINT_INVALID'
  | 'WORKING_DIRECTORY_INVALID';

/** Booting a profile to try it. */
export type TestErrorCode = 'TEST_BOOT_FAILED' | 'TEST_TARGET_UNSUPPORTED';

/** Disks, keys, configuration and the programs that are called. */
export type ToolErrorCode =
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_INVALID'
  | 'KEY_NOT_FOUND'
  | 'KEY_EXISTS'
  | 'KEY_INVALID'
  | 'LOADER_NOT_FOUND'
  | 'LOADER_INVALID'
  | 'LOADER_KEYS_FULL'
  | 'DISK_TOO_SMALL'
  | 'FIRMWARE_UNSUPPORTED'
  | 'OUTPUT_FAILED'
  | 'DISK_FULL'
  | 'TOOL_MISSING'
  | 'TOOL_FAILED';

/** Every code of this package. */
export type BuilderErrorCode =
  | InputErrorCode
  | LayerErrorCode
  | SealErrorCode
  | BundleErrorCode
  | TestErrorCode
  | ToolErrorCode;

/** A fault of an input, a configuration or a build. */
export class BuilderError extends CoconError<BuilderErrorCode> {
  constructor(code: BuilderErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}

/** Whether `thrown` is an error of Node's with that `code` ("ENOENT"). */
export function isSystemError(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code));
}
