/** What there is to say about a volume that still opens, or that does not: one fact with a way out. */

/** How bad it is: something is lost, something should be seen to, or good to know. */
export type Severity = 'error' | 'warning' | 'note';

/** The kinds of findings. Codes of readers (`SDFS_…`) say why a structure was not accepted. */
export type FindingCode =
  | 'SUPERBLOCK_A_UNUSABLE'
  | 'SUPERBLOCK_B_UNUSABLE'
  | 'SUPERBLOCKS_DIFFER'
  | 'COPY_B_OUT_OF_REACH'
  | 'UNKNOWN_COMPAT_BITS'
  | 'UNKNOWN_RO_COMPAT_BITS'
  | 'VOLUME_UNUSABLE'
  | 'RECORD_UNUSABLE'
  | 'RING_WITHOUT_RECORD'
  | 'RECORDS_OF_EQUAL_SEQUENCE'
  | 'SLOT_BEYOND_COUNT'
  | 'DESCRIPTOR_UNUSABLE'
  | 'DESCRIPTOR_OVERLAP'
  | 'EXTENT_OVERLAP'
  | 'GROUP_SHARED_UNEVENLY'
  | 'RELEASE_UNUSABLE'
  | 'RELEASE_BELOW_FLOOR'
  | 'FILES_DIFFER_FROM_RELEASE'
  | 'FILE_DAMAGED'
  | 'GENERATION_TWICE'
  | 'NO_CONFIRMED_SLOT'
  | 'NOTHING_TO_START';

/** One of them. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Where: "superblock copy A", "ring 0 index 3", "slot 1 kernel". */
  readonly place: string;
  /** What was found and what was wanted. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
}
