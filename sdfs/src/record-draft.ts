/** A boot record in the making: a copy of the bytes of the one before it, so that what is reserved stays. */
import { structureCrc } from './crc.ts';
import {
  FAILURE_ENTRY,
  LIMITS,
  MAGIC,
  OUTPUT_ENTRY,
  REASONS,
  RECORD_HEADER,
  SLOT_ENTRY,
  WRITERS,
  type FailureEntryFields,
  type SlotEntryFields,
} from './format.ts';
import {
  failureEntryOffset,
  NO_DIGEST,
  outputEntryOffset,
  slotEntryOffset,
  type BootRecord,
} from './record.ts';
import { decode, encode } from './struct.ts';

/** Who writes a record, and when. */
export interface Stamp {
  readonly writer: (typeof WRITERS)[number];
  /** Unix seconds; 0 = not known. */
  readonly time: number;
}

/** Changes to a record that has not been written yet. */
export class RecordDraft {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The changes begin at this record. */
  static after(record: BootRecord): RecordDraft {
    return new RecordDraft(record.bytes.slice());
  }

  /** A volume's first record: every slot empty, nothing failed. */
  static first(volumeUuid: string): RecordDraft {
    const bytes = new Uint8Array(LIMITS.RECORD_SIZE);
    encode(RECORD_HEADER, { magic: MAGIC.record, volumeUuid }, bytes);
    return new RecordDraft(bytes);
  }

  setFloor(floor: bigint): void {
    encode(RECORD_HEADER, { floor }, this.#bytes);
  }

  /** Writes the given fields of a slot's entry; the others stay. */
  setSlot(index: number, changes: Partial<SlotEntryFields>): void {
    encode(SLOT_ENTRY, changes, this.#bytes, slotEntryOffset(index));
  }

  /** Makes a slot empty. Its generation stays, so that numbers are never given twice. */
  clearSlot(index: number): void {
    this.setSlot(index, EMPTY_SLOT);
  }

  /**
   * Adds to the failure list: over the entry of the same release, else into a free one, else over the one of lowest
   * generation (FORMAT.md §4.4). An orderly shutdown does not hide that the release has failed before, and is listed as one the first
   * time only.
   */
  noteFailure(failure: FailureEntryFields): void {
    const entries = Array.from({ length: LIMITS.FAILURE_ENTRIES }, (_, index) => ({
      index,
      ...decode(FAILURE_ENTRY, this.#bytes, failureEntryOffset(index)),
    }));
    const known = entries.find((entry) => entry.releaseDigest === failure.releaseDigest);
    const again = failure.reason === SHUTDOWN && known !== undefined;
    if (again && known.reason !== SHUTDOWN) return;
    const place =
      known ??
      entries.find((entry) => entry.releaseDigest === NO_DIGEST) ??
      entries.reduce((oldest, entry) => (entry.generation < oldest.generation ? entry : oldest));
    const reason = again ? REASONS.indexOf('no-commit') : failure.reason;
    encode(FAILURE_ENTRY, { ...failure, reason }, this.#bytes, failureEntryOffset(place.index));
  }

  /**
   * Keeps what the health check of a stage printed last: over the entry of that stage, else in a free one, else over the one of
   * lowest generation; an empty text clears the entry (FORMAT.md §4.8).
   */
  setOutput(generation: bigint, output: string): void {
    const entries = Array.from({ length: LIMITS.OUTPUT_ENTRIES }, (_, index) => ({
      index,
      ...decode(OUTPUT_ENTRY, this.#bytes, outputEntryOffset(index)),
    }));
    const known = entries.find((entry) => entry.generation === generation);
    if (output === '' && known === undefined) return;
    // One that is not in use has generation 0, the lowest there is.
    const place = known ?? entries.reduce((a, b) => (b.generation < a.generation ? b : a));
    const entry = output === '' ? { generation: 0n, output } : { generation, output };
    encode(OUTPUT_ENTRY, entry, this.#bytes, outputEntryOffset(place.index));
  }

  /** The finished 4096 bytes under the given sequence. The draft itself can be sealed again under another one. */
  seal(sequence: bigint, { writer, time }: Stamp): Uint8Array {
    const bytes = this.#bytes.slice();
    encode(RECORD_HEADER, { sequence, time: BigInt(time), writer: WRITERS.indexOf(writer) }, bytes);
    encode(RECORD_HEADER, { crc: structureCrc(bytes, RECORD_HEADER.fields.crc) }, bytes);
    return bytes;
  }
}

const SHUTDOWN = REASONS.indexOf('shutdown');

const EMPTY_SLOT: Omit<SlotEntryFields, 'generation'> = {
  state: 0,
  flags: 0,
  priority: 0,
  attemptsLeft: 0,
  attemptsTotal: 0,
  interruptionsLeft: 0,
  shutdowns: 0,
  progress: 0,
  reason: 0,
  descriptorBlock: 0n,
  descriptorBlocks: 0,
  descriptorCrc: 0,
  releaseDigest: NO_DIGEST,
  detail: '',
};
