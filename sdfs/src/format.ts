/**
 * The tables of FORMAT.md as constants. `test/cross/format-tables.test.ts` compares them with the text and with
 * `bootloader/core/src/format.rs`.
 *
 * Only numbers and places are here; what may stand in a field is checked where the structure is read.
 */
import { hex, struct, text, u8, u16, u32, u64, uuid, type Decoded } from './struct.ts';

/** FORMAT.md §12. Sizes in bytes unless the name says blocks, records, slots or entries. */
export const LIMITS = {
  BLOCK_SIZE: 4096,
  SUPERBLOCK_SIZE: 512,
  RECORD_SIZE: 4096,
  RECORD_HEADER_SIZE: 128,
  SLOT_ENTRY_SIZE: 128,
  FAILURE_ENTRY_OFFSET: 2176,
  FAILURE_ENTRY_SIZE: 64,
  FAILURE_ENTRIES: 16,
  MIN_SLOTS: 2,
  MAX_SLOTS: 16,
  MIN_GROUP_BLOCKS: 16,
  MAX_GROUP_BLOCKS: 16_384,
  MIN_RING_RECORDS: 2,
  MAX_RING_RECORDS: 256,
  MAX_TOTAL_BLOCKS: 2 ** 40,
  MAX_DESCRIPTOR_BLOCKS: 4,
  DESCRIPTOR_HEADER_SIZE: 128,
  FILE_ENTRY_SIZE: 128,
  EXTENT_ENTRY_SIZE: 16,
  MAX_FILES: 32,
  MAX_EXTENTS_PER_FILE: 64,
  MAX_NAME_LENGTH: 72,
  MAX_FILE_SIZE: 2 ** 40,
  MAX_RELEASE_JSON: 65_536,
  SIGNATURE_ENTRY_SIZE: 96,
  MAX_SIGNATURES: 8,
  OUTPUT_ENTRY_OFFSET: 3200,
  OUTPUT_ENTRY_SIZE: 128,
  OUTPUT_ENTRIES: 6,
  FREE_SHUTDOWNS: 16,
} as const;

/** Bytes in a block (FORMAT.md §1). */
export const BLOCK_SIZE = LIMITS.BLOCK_SIZE;

/** The GPT partition type of an SDFS volume (FORMAT.md §12). */
export const PARTITION_TYPE = 'c0c05df5-5d2b-4f3c-9a5e-7d1f4e0a6b21';

/** The version that this package reads and writes. */
export const FORMAT_VERSION = 1;

/** The magic numbers, as hexadecimal text. */
export const MAGIC = { superblock: '534446530d0a1a0a', record: '53444252', descriptor: '53445344' } as const;

/** FORMAT.md §3.1. */
export const SUPERBLOCK = struct(LIMITS.SUPERBLOCK_SIZE, {
  magic: hex(0, 8),
  version: u32(8),
  crc: u32(12),
  volumeUuid: uuid(16),
  compat: u32(32),
  roCompat: u32(36),
  incompat: u32(40),
  copy: u32(44),
  totalBlocks: u64(48),
  groupBlocks: u32(56),
  slotCount: u32(60),
  ring0Block: u64(64),
  ring1Block: u64(72),
  ringRecords: u32(80),
  blockSize: u32(84),
  dataStart: u64(88),
  dataEnd: u64(96),
  label: text(104, 32),
});

/** FORMAT.md §4.2. */
export const RECORD_HEADER = struct(LIMITS.RECORD_HEADER_SIZE, {
  magic: hex(0, 4),
  crc: u32(4),
  volumeUuid: uuid(8),
  sequence: u64(24),
  floor: u64(32),
  time: u64(40),
  writer: u32(48),
});

/** FORMAT.md §4.3. */
export const SLOT_ENTRY = struct(LIMITS.SLOT_ENTRY_SIZE, {
  state: u8(0),
  flags: u8(1),
  priority: u8(2),
  attemptsLeft: u8(3),
  attemptsTotal: u8(4),
  progress: u8(5),
  reason: u8(6),
  interruptionsLeft: u8(7),
  generation: u64(8),
  descriptorBlock: u64(16),
  descriptorBlocks: u32(24),
  descriptorCrc: u32(28),
  releaseDigest: hex(32, 32),
  detail: text(64, 48),
  shutdowns: u8(112),
});

/** FORMAT.md §4.4. */
export const FAILURE_ENTRY = struct(LIMITS.FAILURE_ENTRY_SIZE, {
  releaseDigest: hex(0, 32),
  generation: u64(32),
  reason: u8(40),
  progress: u8(41),
  detail: text(42, 22),
});

/** FORMAT.md §4.8. */
export const OUTPUT_ENTRY = struct(LIMITS.OUTPUT_ENTRY_SIZE, {
  generation: u64(0),
  output: text(8, 120),
});

/** FORMAT.md §5.1. */
export const DESCRIPTOR_HEADER = struct(LIMITS.DESCRIPTOR_HEADER_SIZE, {
  magic: hex(0, 4),
  crc: u32(4),
  volumeUuid: uuid(8),
  generation: u64(24),
  slot: u32(32),
  fileCount: u32(36),
  extentCount: u32(40),
  releaseDigest: hex(48, 32),
});

/** FORMAT.md §5.2. `name` is read through `nameLength`, byte for byte. */
export const FILE_ENTRY = struct(LIMITS.FILE_ENTRY_SIZE, {
  kind: u16(0),
  nameLength: u16(2),
  firstExtent: u32(4),
  extentCount: u32(8),
  size: u64(16),
  sha256: hex(24, 32),
  name: hex(56, LIMITS.MAX_NAME_LENGTH),
});

/** FORMAT.md §5.3. */
export const EXTENT_ENTRY = struct(LIMITS.EXTENT_ENTRY_SIZE, {
  start: u64(0),
  blocks: u32(8),
});

/** FORMAT.md §6.2. */
export const SIGNATURE_ENTRY = struct(LIMITS.SIGNATURE_ENTRY_SIZE, {
  keyId: hex(0, 32),
  signature: hex(32, 64),
});

/** Bit 0 of a slot entry's `flags`: the release was confirmed once. */
export const FLAG_WAS_CONFIRMED = 1;

/** FORMAT.md §4.3: the names of `state`, by number. */
export const SLOT_STATES = ['empty', 'trial', 'confirmed', 'failed'] as const;
/** What a slot is. */
export type SlotState = (typeof SLOT_STATES)[number];

/** FORMAT.md §4.2: the names of `writer`, by number. */
export const WRITERS = ['mkfs', 'updater', 'loader'] as const;

/** FORMAT.md §4.5: the names of `progress`, by number. */
export const PROGRESS = ['none', 'loader', 'kernel', 'init', 'health', 'healthy'] as const;
/** How far an attempt got. */
export type ProgressName = (typeof PROGRESS)[number];

/** FORMAT.md §4.5: the names of `reason`, by number. */
export const REASONS = [
  'none',
  'no-commit',
  'descriptor',
  'signature',
  'release',
  'floor',
  'hash',
  'start',
  'health-failed',
  'health-timeout',
  'rollback',
  'io',
  'reset',
  'power-lost',
  'memory',
  'shutdown',
] as const;
/** Why a slot was given up. */
export type ReasonName = (typeof REASONS)[number];

/** FORMAT.md §5.4: the names of `kind`; index 0 is not used. */
export const FILE_KINDS = [
  '',
  'release.json',
  'release.sig',
  'kernel',
  'initrd',
  'dtb',
  'rootfs',
  'verity',
] as const;
/** What a file of a slot is. */
export type FileKind = Exclude<(typeof FILE_KINDS)[number], ''>;

/** The fields of a superblock as they lie on the disk. */
export type SuperblockFields = Decoded<typeof SUPERBLOCK.fields>;
/** The fields of a slot entry as they lie on the disk. */
export type SlotEntryFields = Decoded<typeof SLOT_ENTRY.fields>;
/** The fields of a failure entry as they lie on the disk. */
export type FailureEntryFields = Decoded<typeof FAILURE_ENTRY.fields>;
