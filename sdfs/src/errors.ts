/**
 * What can go wrong with a volume, a release or the place they are in.
 *
 * The numbered codes are those of FORMAT.md §10; both readers return them. The others come from the slot manager, from
 * opening files and from the command line tool, and no reader returns them.
 */
import { CoconError, type ErrorDetails } from '@cocon-os/cli';

/** FORMAT.md §10: the codes of both readers and the numbers that the addon hands over. */
export const ERROR_NUMBERS = {
  SDFS_IO: 1,
  SDFS_TOO_SMALL: 2,
  SDFS_BAD_MAGIC: 3,
  SDFS_BAD_CHECKSUM: 4,
  SDFS_UNSUPPORTED_VERSION: 5,
  SDFS_UNSUPPORTED_FEATURE: 6,
  SDFS_BAD_GEOMETRY: 7,
  SDFS_TRUNCATED_DEVICE: 8,
  SDFS_NO_RECORD: 9,
  SDFS_WRONG_VOLUME: 10,
  SDFS_MISPLACED_RECORD: 11,
  SDFS_BAD_SLOT_ENTRY: 12,
  SDFS_DESCRIPTOR_MISMATCH: 13,
  SDFS_BAD_DESCRIPTOR: 14,
  SDFS_READ_ONLY: 15,
  RELEASE_UNTRUSTED: 16,
  RELEASE_BAD_SIGNATURE: 17,
  RELEASE_INVALID: 18,
  RELEASE_WRONG_ARCHITECTURE: 19,
  RELEASE_BELOW_FLOOR: 20,
  FILE_BAD_HASH: 21,
  CMDLINE_TOO_LONG: 22,
  NO_BOOTABLE_SLOT: 23,
  LOADER_OUT_OF_MEMORY: 24,
} as const;

/** The codes that a reader of a volume or a release returns. */
export type ReaderErrorCode = keyof typeof ERROR_NUMBERS;

/** The slot manager's codes (FORMAT.md §8). */
export type ManagerErrorCode =
  | 'SLOT_BUSY'
  | 'VOLUME_FULL'
  | 'RELEASE_PRESENT'
  | 'RELEASE_FAILED_BEFORE'
  | 'SLOT_NOT_FOUND'
  | 'SLOT_NOT_IN_TRIAL';

/** The codes of finding a volume in a file or on a disk, and of the command line tool. */
export type PlaceErrorCode =
  | 'VOLUME_LOCKED'
  | 'VOLUME_EXISTS'
  | 'NO_SDFS_PARTITION'
  | 'SEVERAL_SDFS_PARTITIONS'
  | 'FOREIGN_FORMAT'
  | 'FILE_NOT_FOUND';

/** The codes of mending a partition table. */
export type TableErrorCode = 'NO_PARTITION_TABLE' | 'DISK_TRUNCATED' | 'SECTOR_SIZE_MISFIT';

/** Every code of this package. */
export type SdfsErrorCode = ReaderErrorCode | ManagerErrorCode | PlaceErrorCode | TableErrorCode;

/** A fault of a volume, a release or their place. `facts` hold offset, expected and actual where there are any. */
export class SdfsError extends CoconError<SdfsErrorCode> {
  constructor(code: SdfsErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}

/** Whether `thrown` is an {@link SdfsError}, with one of `codes` if any are given. */
export function isSdfsError(thrown: unknown, ...codes: readonly SdfsErrorCode[]): thrown is SdfsError {
  return thrown instanceof SdfsError && (codes.length === 0 || codes.includes(thrown.code));
}
