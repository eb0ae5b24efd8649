/**
 * What happened on a volume, told by the records that its rings still hold: each is compared with the one before it.
 *
 * The rings are finite, so the oldest records are gone; the story begins with the oldest that is left.
 */
import { WRITERS, type ProgressName, type ReasonName } from './format.ts';
import { isNewer, nextSequence } from './ring-position.ts';
import { outputOf, type BootRecord, type NameOr, type Slot } from './record.ts';
import type { Volume } from './volume.ts';

/** What can happen. */
export type HistoryEventKind =
  | 'formatted'
  | 'records-lost'
  | 'emptied'
  | 'staged'
  | 'power-lost'
  | 'shutdown'
  | 'attempt'
  | 'progress'
  | 'confirmed'
  | 'failed'
  | 'rollback'
  | 'floor-raised';

/** One event. */
export interface HistoryEvent {
  readonly kind: HistoryEventKind;
  /** The record that tells of it. */
  readonly sequence: bigint;
  /** Unix seconds; 0 = not known. */
  readonly time: bigint;
  /** `mkfs`, `updater`, `loader`, or a number that this version does not know. */
  readonly writer: string;
  /** The slot that it is about, and SHA-256 of its release.json. `null` when it is about the volume. */
  readonly slot: number | null;
  readonly digest: string | null;
  /** Of the slot afterwards; `none` when it is about the volume. */
  readonly progress: NameOr<ProgressName>;
  readonly reason: NameOr<ReasonName>;
  readonly detail: string;
  /** The last line of the health check that failed; empty when there is none. */
  readonly output: string;
  /** Trial boots left and granted. */
  readonly attemptsLeft: number;
  readonly attemptsTotal: number;
  /** Orderly shutdowns so far, of which the first `FREE_SHUTDOWNS` are not charged. */
  readonly shutdowns: number;
  /** The floor after the record. */
  readonly floor: bigint;
}

/** The events, oldest first. */
export function history(volume: Volume): readonly HistoryEvent[] {
  const records = validRecords(volume);
  return records.flatMap((record, index) => eventsOf(records[index - 1], record));
}

/** The valid records of both rings, oldest first, counted back from the current one. */
function validRecords(volume: Volume): readonly BootRecord[] {
  const records = volume.scanRings().flatMap(({ result }) => ('record' in result ? [result.record] : []));
  const current = volume.record.sequence;
  return records
    .filter((record) => record.sequence === current || isNewer(current, record.sequence))
    .toSorted((a, b) => (isNewer(a.sequence, b.sequence) ? 1 : -1));
}

function eventsOf(before: BootRecord | undefined, record: BootRecord): readonly HistoryEvent[] {
  const about = (kind: HistoryEventKind, slot?: Slot): HistoryEvent => ({
    kind,
    sequence: record.sequence,
    time: record.time,
    writer: WRITERS[record.writer] ?? String(record.writer),
    slot: slot?.index ?? null,
    digest: slot === undefined || slot.state === 'empty' ? null : slot.releaseDigest,
    progress: slot?.progress ?? 'none',
    reason: slot?.reason ?? 'none',
    detail: slot?.detail ?? '',
    output: slot === undefined ? '' : outputOf(record, slot),
    attemptsLeft: slot?.attemptsLeft ?? 0,
    attemptsTotal: slot?.attemptsTotal ?? 0,
    shutdowns: slot?.shutdowns ?? 0,
    floor: record.floor,
  });
  if (before === undefined) return WRITERS[record.writer] === 'mkfs' ? [about('formatted')] : [];
  const events: HistoryEvent[] = [];
  if (nextSequence(before.sequence) !== record.sequence) events.push(about('records-lost'));
  for (const slot of record.slots) {
    for (const kind of changesOf(before.slots[slot.index], slot)) events.push(about(kind, slot));
  }
  if (before.floor !== record.floor) events.push(about('floor-raised'));
  return events;
}

function changesOf(before: Slot | undefined, slot: Slot): readonly HistoryEventKind[] {
  if (before === undefined) return [];
  if (slot.state === 'empty') return before.state === 'empty' ? [] : ['emptied'];
  if (before.state === 'empty' || before.generation !== slot.generation) return ['staged'];
  if (slot.reason === 'shutdown' && before.reason !== 'shutdown') return ['shutdown'];
  // An attempt that is given back and the count of the next one are one record.
  const givenBack = before.interruptionsLeft - slot.interruptionsLeft;
  const events: HistoryEventKind[] = givenBack > 0 ? ['power-lost'] : [];
  if (slot.attemptsLeft < before.attemptsLeft + givenBack) events.push('attempt');
  if (before.state !== slot.state) return [...events, newState(slot)];
  const same =
    slot.progress === before.progress && slot.reason === before.reason && slot.detail === before.detail;
  return same || events.length > 0 ? events : ['progress'];
}

function newState(slot: Slot): HistoryEventKind {
  if (slot.state === 'failed') return slot.reason === 'rollback' ? 'rollback' : 'failed';
  return slot.state === 'confirmed' ? 'confirmed' : 'staged';
}
