/** Which slot a stage fills, and the order in which slots are tried (FORMAT.md §7, §8). Pure. */
import { SdfsError } from './errors.ts';
import type { BootRecord, Slot } from './record.ts';

/**
 * The slot that a stage may overwrite. Never the one that runs, never the last one to fall back to: the only confirmed one,
 * or without any the only one that was confirmed once, which the loader tries when nothing else is left. Throws `SLOT_BUSY`.
 */
export function chooseTarget(record: BootRecord, running: number | undefined): Slot {
  const confirmed = record.slots.filter((slot) => slot.state === 'confirmed');
  const fallbacks = confirmed.length > 0 ? confirmed : record.slots.filter(isLastResort);
  const [kept] = fallbacks.length === 1 ? fallbacks : [];
  const idle = record.slots.filter(
    (slot) => slot.state === 'empty' || (slot.index !== running && slot !== kept),
  );
  const target =
    idle.find((slot) => slot.state === 'empty') ??
    idle.find((slot) => slot.state === 'failed' && !slot.wasConfirmed) ??
    idle.find((slot) => slot.state === 'failed') ??
    idle.find((slot) => slot.state === 'trial') ??
    worstFirst(idle).find((slot) => slot.state === 'confirmed');
  if (target !== undefined) return target;
  throw new SdfsError('SLOT_BUSY', 'Cannot stage: every slot is running or is the last one to fall back to', {
    hint: 'Reboot into the staged release, then commit it or roll it back.',
  });
}

function isLastResort(slot: Slot): boolean {
  return slot.state === 'failed' && slot.wasConfirmed;
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
