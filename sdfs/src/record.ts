/**
 * One boot record: all that changes at boot and at an update's decisions (FORMAT.md §4).
 *
 * Where a record lies and which one counts is `ring.ts`'s business, changing one `record-draft.ts`'s.
 */
import { structureCrc } from './crc.ts';
import { SdfsError, type SdfsErrorCode } from './errors.ts';
import {
  BLOCK_SIZE,
  FAILURE_ENTRY,
  FLAG_WAS_CONFIRMED,
  LIMITS,
  MAGIC,
  OUTPUT_ENTRY,
  PROGRESS,
  REASONS,
  RECORD_HEADER,
  SLOT_ENTRY,
  SLOT_STATES,
  type ProgressName,
  type ReasonName,
  type SlotState,
} from './format.ts';
import { ringPosition } from './ring-position.ts';
import { decode } from './struct.ts';
import { holdsData, type Superblock } from './superblock.ts';

/** A progress or reason by name; one that this version does not know is its number as text. */
export type NameOr<Name extends string> = Name | (string & {});

/** A slot's entry in a boot record. */
export interface Slot {
  readonly index: number;
  readonly state: SlotState;
  /** Bit 0 is `wasConfirmed`; the others are kept. */
  readonly flags: number;
  /** Whether its release was confirmed once. */
  readonly wasConfirmed: boolean;
  /** Higher is tried first. */
  readonly priority: number;
  /** Boots that a trial is still granted, of `attemptsTotal`. */
  readonly attemptsLeft: number;
  readonly attemptsTotal: number;
  /** Losses of power that a trial is not charged for yet. */
  readonly interruptionsLeft: number;
  /** Attempts of a trial that ended in an orderly shutdown; the first `FREE_SHUTDOWNS` are not charged. */
  readonly shutdowns: number;
  readonly progress: NameOr<ProgressName>;
  readonly reason: NameOr<ReasonName>;
  /** What the reason refers to. */
  readonly detail: string;
  /** Number of the stage that filled the slot. */
  readonly generation: bigint;
  readonly descriptorBlock: number;
  readonly descriptorBlocks: number;
  readonly descriptorCrc: number;
  /** SHA-256 of release.json, lower-case hexadecimal. */
  readonly releaseDigest: string;
}

/** Whether nobody has said yet how the slot's last attempt ended (FORMAT.md §7). */
export function isOpen({ state, reason, progress }: Slot): boolean {
  return state === 'trial' && reason === 'none' && progress !== 'none';
}

/** A release that failed on this volume. */
export interface Failure {
  readonly releaseDigest: string;
  readonly generation: bigint;
  readonly reason: NameOr<ReasonName>;
  readonly progress: NameOr<ProgressName>;
  readonly detail: string;
}

/** What the health check printed last that failed the release of a stage (FORMAT.md §4.8). */
export interface CheckOutput {
  readonly generation: bigint;
  readonly output: string;
}

/** The last line of the health check that failed a slot, or a release in the failure list; empty when there is none. */
export function outputOf(
  { outputs }: Pick<BootRecord, 'outputs'>,
  { generation, reason }: Pick<Slot, 'generation' | 'reason'>,
): string {
  if (reason !== 'health-failed' && reason !== 'health-timeout') return '';
  return outputs.find((each) => each.generation === generation)?.output ?? '';
}

/**
 * Whether a stage refuses the release unless it is forced. One that was given up for nothing but orderly shutdowns has not
 * failed (FORMAT.md §8); the second time the entry has another reason.
 */
export function isRefused({ reason }: Failure): boolean {
  return reason !== 'shutdown';
}

/** A valid boot record. */
export interface BootRecord {
  readonly sequence: bigint;
  /** Lowest security version that may start. */
  readonly floor: bigint;
  /** Unix seconds when it was written; 0 = not known. */
  readonly time: bigint;
  /** Who wrote it: 0 mkfs, 1 updater, 2 loader. */
  readonly writer: number;
  /** One for each of the volume's slots, by number. */
  readonly slots: readonly Slot[];
  /** The failure entries in use, in the order of the table. */
  readonly failures: readonly Failure[];
  /** The output entries in use, in the order of the table. */
  readonly outputs: readonly CheckOutput[];
  /** The block that it was read from. */
  readonly block: number;
  /** All 4096 bytes, so that what is reserved survives a rewriting. */
  readonly bytes: Uint8Array;
}

/** Digest of a failure entry that is not in use. */
export const NO_DIGEST = '0'.repeat(64);

/** Checks the record read from `block` in the order of FORMAT.md §4.6, step 2, and throws at the first fault. */
export function parseRecord(bytes: Uint8Array, block: number, superblock: Superblock): BootRecord {
  const offset = block * BLOCK_SIZE;
  const refuse = (
    code: SdfsErrorCode,
    field: string,
    actual: string | number,
    expected: string | number,
  ): SdfsError =>
    new SdfsError(
      code,
      `Cannot read boot record at byte ${offset}: ${field} is ${actual}, expected ${expected}`,
      { facts: { offset, field, expected, actual } },
    );

  const whole = bytes.length === LIMITS.RECORD_SIZE;
  const raw = new Uint8Array(LIMITS.RECORD_SIZE);
  raw.set(bytes.subarray(0, LIMITS.RECORD_SIZE));
  const header = decode(RECORD_HEADER, raw);
  if (header.magic !== MAGIC.record) throw refuse('SDFS_BAD_MAGIC', 'magic', header.magic, MAGIC.record);
  const crc = structureCrc(raw, RECORD_HEADER.fields.crc);
  if (!whole || header.crc !== crc) throw refuse('SDFS_BAD_CHECKSUM', 'crc', header.crc, crc);
  if (header.volumeUuid !== superblock.volumeUuid) {
    throw refuse('SDFS_WRONG_VOLUME', 'volume_uuid', header.volumeUuid, superblock.volumeUuid);
  }
  const position = ringPosition(header.sequence, superblock);
  if (position !== block) {
    throw refuse(
      'SDFS_MISPLACED_RECORD',
      `place of sequence ${header.sequence}`,
      `block ${block}`,
      `block ${position}`,
    );
  }
  const slots = Array.from({ length: superblock.slotCount }, (_, index) =>
    parseSlot(raw, index, superblock, (field, actual, expected) =>
      refuse('SDFS_BAD_SLOT_ENTRY', `${field} of slot ${index}`, actual, expected),
    ),
  );
  return {
    sequence: header.sequence,
    floor: header.floor,
    time: header.time,
    writer: header.writer,
    slots,
    failures: parseFailures(raw),
    outputs: parseOutputs(raw),
    block,
    bytes: raw,
  };
}

/** Offset of slot `index`'s entry in a record. */
export function slotEntryOffset(index: number): number {
  return LIMITS.RECORD_HEADER_SIZE + index * LIMITS.SLOT_ENTRY_SIZE;
}

/** Offset of failure entry `index` in a record. */
export function failureEntryOffset(index: number): number {
  return LIMITS.FAILURE_ENTRY_OFFSET + index * LIMITS.FAILURE_ENTRY_SIZE;
}

/** Offset of output entry `index` in a record. */
export function outputEntryOffset(index: number): number {
  return LIMITS.OUTPUT_ENTRY_OFFSET + index * LIMITS.OUTPUT_ENTRY_SIZE;
}

type Refuse = (field: string, actual: string | number, expected: string) => SdfsError;

function parseSlot(record: Uint8Array, index: number, superblock: Superblock, refuse: Refuse): Slot {
  const entry = decode(SLOT_ENTRY, record, slotEntryOffset(index));
  const state = SLOT_STATES[entry.state];
  if (state === undefined) throw refuse('state', entry.state, `0 to ${SLOT_STATES.length - 1}`);
  if (state !== 'empty') {
    const { descriptorBlock, descriptorBlocks, attemptsLeft, attemptsTotal } = entry;
    if (descriptorBlocks < 1 || descriptorBlocks > LIMITS.MAX_DESCRIPTOR_BLOCKS) {
      throw refuse('descriptor_blocks', descriptorBlocks, `1 to ${LIMITS.MAX_DESCRIPTOR_BLOCKS}`);
    }
    if (!holdsData(superblock, descriptorBlock, descriptorBlocks)) {
      throw refuse(
        'descriptor_block',
        String(descriptorBlock),
        `inside ${superblock.dataStart} to ${superblock.dataEnd}`,
      );
    }
    if (attemptsLeft > attemptsTotal) throw refuse('attempts_left', attemptsLeft, `at most ${attemptsTotal}`);
  }
  return {
    index,
    state,
    flags: entry.flags,
    wasConfirmed: (entry.flags & FLAG_WAS_CONFIRMED) !== 0,
    priority: entry.priority,
    attemptsLeft: entry.attemptsLeft,
    attemptsTotal: entry.attemptsTotal,
    interruptionsLeft: entry.interruptionsLeft,
    shutdowns: entry.shutdowns,
    progress: PROGRESS[entry.progress] ?? String(entry.progress),
    reason: REASONS[entry.reason] ?? String(entry.reason),
    detail: entry.detail,
    generation: entry.generation,
    descriptorBlock: Number(entry.descriptorBlock),
    descriptorBlocks: entry.descriptorBlocks,
    descriptorCrc: entry.descriptorCrc,
    releaseDigest: entry.releaseDigest,
  };
}

function parseFailures(record: Uint8Array): readonly Failure[] {
  const entries = Array.from({ length: LIMITS.FAILURE_ENTRIES }, (_, index) =>
    decode(FAILURE_ENTRY, record, failureEntryOffset(index)),
  );
  return entries
    .filter((entry) => entry.releaseDigest !== NO_DIGEST)
    .map((entry) => ({
      ...entry,
      reason: REASONS[entry.reason] ?? String(entry.reason),
      progress: PROGRESS[entry.progress] ?? String(entry.progress),
    }));
}

function parseOutputs(record: Uint8Array): readonly CheckOutput[] {
  return Array.from({ length: LIMITS.OUTPUT_ENTRIES }, (_, index) =>
    decode(OUTPUT_ENTRY, record, outputEntryOffset(index)),
  ).filter(({ generation }) => generation !== 0n);
}
