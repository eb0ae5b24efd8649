/** What there is to say about a volume that still opens, or that does not: one fact with a way out. */

import type { TableFindingCode } from '../gpt/check-tables.ts';

/** How bad it is: something is lost, something should be seen to, or good to know. */
export type Severity = 'error' | 'warning' | 'note';

/** The kinds of findings. Why a reader did not accept a structure is in the message, with its code. */
export type FindingCode =
  | 'VOLUME_UNUSABLE'
  | 'VOLUME_MISALIGNED'
  | 'SUPERBLOCK_A_UNUSABLE'
  | 'SUPERBLOCK_B_UNUSABLE'
  | 'SUPERBLOCKS_DIFFER'
  | 'COPY_B_OUT_OF_REACH'
  | 'UNKNOWN_COMPAT_BITS'
  | 'UNKNOWN_RO_COMPAT_BITS'
  | 'RECORD_UNUSABLE'
  | 'RECORD_OUT_OF_ORDER'
  | 'RING_WITHOUT_RECORD'
  | 'DESCRIPTOR_UNUSABLE'
  | 'DESCRIPTOR_OVERLAP'
  | 'EXTENT_OVERLAP'
  | 'RELEASE_UNUSABLE'
  | 'FILE_DAMAGED'
  | 'GENERATION_TWICE'
  | 'SLOT_BEYOND_COUNT'
  | 'NOTHING_TO_START'
  | TableFindingCode;

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
