/** Which slot a stage fills, and the order in which slots are tried (FORMAT.md §7, §8). Pure. */
import { SdfsError } from './errors.ts';
import type { BootRecord, Slot } from './record.ts';

/**
 * The slot that a stage may overwrite: never the one that runs, and never the last one that is sure to boot. Before a slot is
 * taken that is or was confirmed, `isWhole` is asked whether another one can take its place. Throws `SLOT_BUSY`.
 */
export function chooseTarget(
  record: BootRecord,
  running: number | undefined,
  isWhole: (slot: Slot) => boolean,
): Slot {
  const fallbacks = record.slots.filter(isFallback);
  const isNeeded = (slot: Slot): boolean => {
    if (!isFallback(slot)) return false;
    const others = fallbacks.filter((other) => other !== slot);
    const equals = slot.state === 'confirmed' ? others.filter(({ state }) => state === 'confirmed') : others;
    if (equals.some(isWhole)) return false;
    return isWhole(slot) || !others.some(isWhole);
  };
  const idle = record.slots.filter((slot) => slot.state === 'empty' || slot.index !== running);
  for (const slot of inOrderOfWorth(idle)) if (!isNeeded(slot)) return slot;
  throw new SdfsError('SLOT_BUSY', 'Cannot stage: every slot is running or is the last one to fall back to', {
    hint: 'Reboot into the staged release, then commit it or roll it back. A slot signed with another key counts as one that does not boot: name that key too (--key).',
  });
}

/** What a stage would take first: each group by number, the confirmed ones by the reverse of the order in which they boot. */
function inOrderOfWorth(slots: readonly Slot[]): readonly Slot[] {
  return [
    ...slots.filter((slot) => slot.state === 'empty'),
    ...slots.filter((slot) => slot.state === 'failed' && !slot.wasConfirmed),
    ...slots.filter((slot) => slot.state === 'failed' && slot.wasConfirmed),
    ...slots.filter((slot) => slot.state === 'trial'),
    ...worstFirst(slots).filter((slot) => slot.state === 'confirmed'),
  ];
}

/** Whether the loader would start the slot when a trial fails, if only as a last resort. */
function isFallback({ state, wasConfirmed }: Slot): boolean {
  return state === 'confirmed' || (state === 'failed' && wasConfirmed);
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
