/** What is decided about a slot once it is filled: commit, rollback, and how far an attempt got (FORMAT.md §8). */
import { SdfsError, isSdfsError } from './errors.ts';
import {
  FLAG_WAS_CONFIRMED,
  LIMITS,
  OUTPUT_ENTRY,
  PROGRESS,
  REASONS,
  SLOT_ENTRY,
  SLOT_STATES,
  type ProgressName,
  type ReasonName,
} from './format.ts';
import type { RecordDraft } from './record-draft.ts';
import { isOpen, NO_DIGEST, outputOf, type Slot } from './record.ts';
import { bootOrder } from './target-slot.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import type { Volume } from './volume.ts';

/** When a decision is made: Unix seconds; 0 = not known. */
export interface DecisionOptions {
  readonly time?: number | undefined;
}

/** What a commit did. */
export interface CommitResult {
  /** Whether anything was written; a confirmed slot is left alone. */
  readonly changed: boolean;
  /** The floor as it is now. */
  readonly floor: bigint;
}

/**
 * Confirms a slot in trial and raises the floor to the lowest security version of all live slots. A confirmed slot is
 * left alone. Throws `SLOT_NOT_FOUND`, `SLOT_NOT_IN_TRIAL` for a failed one, `SDFS_READ_ONLY`, `SDFS_IO`.
 */
export function commit(volume: Volume, index: number, options: DecisionOptions = {}): CommitResult {
  const slot = volume.liveSlot(index);
  if (slot.state === 'confirmed') return { changed: false, floor: volume.record.floor };
  if (slot.state !== 'trial') {
    throw new SdfsError(
      'SLOT_NOT_IN_TRIAL',
      `Cannot commit slot ${index}: it is ${slot.state} (${slot.reason}), expected a trial`,
      {
        hint: 'Stage the release again with --force to give it another trial.',
        facts: { slot: index, state: slot.state },
      },
    );
  }
  const floor = raisedFloor(volume);
  volume.write((draft) => {
    draft.setFloor(floor);
    draft.setSlot(index, {
      state: SLOT_STATES.indexOf('confirmed'),
      flags: slot.flags | FLAG_WAS_CONFIRMED,
      progress: PROGRESS.indexOf('healthy'),
      reason: REASONS.indexOf('none'),
      detail: '',
    });
  }, stampOf(options));
  return { changed: true, floor };
}

/** Options of {@link rollback}. */
export interface RollbackOptions extends DecisionOptions {
  /** Why, for people; cut to 48 bytes. */
  readonly detail?: string | undefined;
}

/**
 * Gives a slot up. Returns whether anything was written; a failed slot is left alone. Throws `SLOT_NOT_FOUND`,
 * `NO_BOOTABLE_SLOT` when nothing would be left to start, `SDFS_READ_ONLY`, `SDFS_IO`.
 */
export function rollback(volume: Volume, index: number, options: RollbackOptions = {}): boolean {
  const slot = volume.liveSlot(index);
  if (slot.state === 'failed') return false;
  if (bootOrder(volume.record, volume).every((candidate) => candidate === index)) {
    throw new SdfsError(
      'NO_BOOTABLE_SLOT',
      `Cannot roll back slot ${index}: no other slot would be left to start`,
      {
        hint: 'Stage another release first.',
        facts: { slot: index },
      },
    );
  }
  const { detail = '' } = options;
  volume.write((draft) => fail(draft, slot, 'rollback', detail), stampOf(options));
  return true;
}

/** How far an attempt got, and what went wrong. */
export interface ProgressNote extends DecisionOptions {
  readonly progress: ProgressName;
  readonly reason?: ReasonName | undefined;
  /** For people; cut to 48 bytes. */
  readonly detail?: string | undefined;
  /** The last line that a failed health check printed; cut to 120 bytes. */
  readonly output?: string | undefined;
}

/**
 * Notes how far an attempt got. For a slot in trial only, and only what is not noted yet: a confirmed boot writes
 * nothing, and what fails after a {@link noteShutdown} is not noted. Returns whether anything was written. Throws `SLOT_NOT_FOUND`, `SDFS_READ_ONLY`, `SDFS_IO`.
 */
export function noteProgress(volume: Volume, index: number, note: ProgressNote): boolean {
  const slot = volume.liveSlot(index);
  const { progress, reason = 'none' } = note;
  // As they will read back, for what is noted is compared with that.
  const detail = asStored(note.detail, SLOT_ENTRY.fields.detail.size);
  const output = asStored(note.output, OUTPUT_ENTRY.fields.output.size);
  const isCheck = reason === 'health-failed' || reason === 'health-timeout';
  const known =
    slot.progress === progress &&
    slot.reason === reason &&
    slot.detail === detail &&
    (!isCheck || outputOf(volume.record, slot) === output);
  const wasShutDown = slot.reason === 'shutdown';
  if (slot.state !== 'trial' || known || (wasShutDown && reason !== 'none')) return false;
  // User space runs again, and no loader has counted that.
  const attemptsLeft = Math.max(0, slot.attemptsLeft - (wasShutDown ? 1 : 0));
  volume.write((draft) => {
    draft.setSlot(index, {
      progress: PROGRESS.indexOf(progress),
      reason: REASONS.indexOf(reason),
      detail,
      attemptsLeft,
    });
    if (isCheck) draft.setOutput(slot.generation, output);
  }, stampOf(note));
  return true;
}

function asStored(text: string | undefined, size: number): string {
  return decodeUtf8(encodeUtf8(text ?? '', size));
}

/** What a note of an orderly shutdown did. */
export interface ShutdownResult {
  /** Whether anything was written: only of an attempt that is open. */
  readonly changed: boolean;
  /** Whether the attempt is given back. */
  readonly givenBack: boolean;
}

/**
 * Notes that the attempt of a slot ends in an orderly shutdown before it was decided (FORMAT.md §8, shutdown). Throws
 * `SLOT_NOT_FOUND`, `SDFS_READ_ONLY`, `SDFS_IO`.
 */
export function noteShutdown(volume: Volume, index: number, options: DecisionOptions = {}): ShutdownResult {
  const slot = volume.liveSlot(index);
  if (!isOpen(slot)) return { changed: false, givenBack: false };
  const { shutdowns, attemptsLeft, attemptsTotal } = slot;
  const givenBack = shutdowns < LIMITS.FREE_SHUTDOWNS && attemptsLeft < attemptsTotal;
  volume.write(
    (draft) =>
      draft.setSlot(index, {
        reason: REASONS.indexOf('shutdown'),
        detail: '',
        attemptsLeft: attemptsLeft + (givenBack ? 1 : 0),
        shutdowns: Math.min(shutdowns + 1, MOST_SHUTDOWNS),
      }),
    stampOf(options),
  );
  return { changed: true, givenBack };
}

/** As many as the field holds. */
const MOST_SHUTDOWNS = 255;

function fail(draft: RecordDraft, slot: Slot, reason: ReasonName, detail: string): void {
  const progress = numberOf(PROGRESS, slot.progress);
  draft.setSlot(slot.index, {
    state: SLOT_STATES.indexOf('failed'),
    reason: REASONS.indexOf(reason),
    detail,
  });
  if (slot.releaseDigest === NO_DIGEST) return;
  const { releaseDigest, generation } = slot;
  draft.noteFailure({ releaseDigest, generation, reason: REASONS.indexOf(reason), progress, detail });
}

/**
 * The floor that a commit leaves: the lowest security version of all live slots, never lower than before. A slot whose
 * release cannot be read keeps the floor where it is, for it cannot be shown to meet a higher one.
 */
function raisedFloor(volume: Volume): bigint {
  const { floor } = volume.record;
  try {
    const versions = volume.liveSlots().map((slot) => volume.release(slot.index).securityVersion);
    const lowest = BigInt(Math.min(...versions));
    return lowest > floor ? lowest : floor;
  } catch (thrown) {
    if (isSdfsError(thrown)) return floor;
    throw thrown;
  }
}

function stampOf({ time = 0 }: DecisionOptions) {
  return { writer: 'updater', time } as const;
}

function numberOf(names: readonly string[], name: string): number {
  const known = names.indexOf(name);
  return known < 0 ? Number(name) : known;
}
