/** Which slot a stage fills, and the order in which slots are tried (FORMAT.md §7, §8). Pure. */
import { SdfsError } from './errors.ts';
import type { BootRecord, Slot } from './record.ts';

/**
 * The slot that a stage may overwrite. Never the one that runs, never the only confirmed one. Throws `SLOT_BUSY`.
 */
export function chooseTarget(record: BootRecord, running: number | undefined): Slot {
  const idle = record.slots.filter((slot) => slot.index !== running || slot.state === 'empty');
  const confirmed = record.slots.filter((slot) => slot.state === 'confirmed');
  const target =
    idle.find((slot) => slot.state === 'empty') ??
    idle.find((slot) => slot.state === 'failed' && !slot.wasConfirmed) ??
    idle.find((slot) => slot.state === 'failed') ??
    idle.find((slot) => slot.state === 'trial') ??
    (confirmed.length > 1 ? worstFirst(idle).find((slot) => slot.state === 'confirmed') : undefined);
  if (target !== undefined) return target;
  throw new SdfsError('SLOT_BUSY', 'Cannot stage: every slot is running or is the only confirmed one', {
    hint: 'Reboot into the staged release, then commit it or roll it back.',
  });
}

/** The loader's candidates of the first pass, best first: what the next boot tries. */
export function bootOrder(record: BootRecord, options: { readonly writable: boolean }): readonly number[] {
  const candidates = record.slots.filter(
    (slot) =>
      slot.state === 'confirmed' || (slot.state === 'trial' && slot.attemptsLeft > 0 && options.writable),
  );
  return worstFirst(candidates)
    .toReversed()
    .map((slot) => slot.index);
}

/** The live slots' new priorities, 1 … n in their present order; one more than n is left for a new one. */
export function renumberedPriorities(slots: readonly Slot[]): ReadonlyMap<number, number> {
  return new Map(worstFirst(slots).map((slot, order) => [slot.index, order + 1]));
}

/** The reverse of the order in which the loader tries slots: by ascending priority, among equals the highest number first. */
function worstFirst(slots: readonly Slot[]): readonly Slot[] {
  return slots.toSorted((a, b) => a.priority - b.priority || b.index - a.index);
}
