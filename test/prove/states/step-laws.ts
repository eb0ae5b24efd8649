/** The laws of SDFS over one event: what was before, what happened, what is now. Each throws a {@link Violation}. */
import { isOpen, isRefused, type Slot } from '@cocon-os/sdfs';

import { BlocksDevice } from '../blocks-device.ts';
import { count, type Counts } from '../tally.ts';
import { Violation } from '../violation.ts';
import type { Step } from './events.ts';
import type { Machine } from './machine.ts';
import { shutdownsLeft, type State, type World } from './state.ts';

const isLive = ({ state }: Slot): boolean => state === 'trial' || state === 'confirmed';

/** Boots that a trial may still use up, charged or not. */
function boots(slot: Slot): number {
  return slot.attemptsLeft + slot.interruptionsLeft + shutdownsLeft(slot);
}

/** The slots that are sure to boot: whole, and confirmed now or once. */
function safeSlots({ record, damage }: State): readonly number[] {
  return record.slots
    .filter(({ state, wasConfirmed }) => state === 'confirmed' || (state === 'failed' && wasConfirmed))
    .filter(({ index }) => damage[index] === undefined)
    .map(({ index }) => index);
}

/** Law 2: whatever happens, a release that is known to be good stays. Only its owner and its firmware may give it up. */
function law2TheLastGoodSlot(before: State, { event, next, outcome }: Step): boolean {
  const safe = safeSlots(before);
  if (safe.length === 0 || event.kind === 'corrupt') return false;
  const spared = event.kind === 'rollback' || event.kind === 'boot refused by the firmware';
  const confirmed = ({ record }: State, slots: readonly number[]): boolean =>
    slots.some((slot) => record.slots[slot]?.state === 'confirmed');
  if (event.kind === 'stage' && confirmed(before, safe) && !confirmed(next, safeSlots(next)))
    throw new Violation(2, 'the last confirmed slot that is whole is gone');
  if (!spared && safeSlots(next).length === 0) throw new Violation(2, 'the last good slot is gone');
  const good =
    event.kind === 'boot refused by the firmware' ? safe.filter((slot) => slot !== event.slot) : safe;
  if (outcome !== undefined && outcome.started === undefined && good.length > 0)
    throw new Violation(2, `nothing boots, though slot ${good.join(', ')} is good`);
  return true;
}

/** Law 3: each boot of a trial uses up one of its boots, nothing gives any back, and a loss of power is not charged while one is left. */
function law3ATrialEnds(before: State, { event, next, outcome }: Step): boolean {
  let found = false;
  for (const slot of next.record.slots) {
    const earlier = before.record.slots[slot.index];
    if (slot.state !== 'trial' || earlier?.generation !== slot.generation) continue;
    found = true;
    if (boots(slot) > boots(earlier)) throw new Violation(3, `slot ${slot.index} has got boots back`);
    if (event.kind === 'boot that dies in the loader' || outcome?.started?.slot !== slot.index) continue;
    if (boots(slot) >= boots(earlier))
      throw new Violation(3, `slot ${slot.index} starts and nothing is used up`);
    const open = isOpen(earlier);
    const unplugged = before.running.phase === 'off' && before.running.lastBoot === 'power-lost';
    const expected = open && unplugged && earlier.interruptionsLeft > 0 ? 0 : 1;
    if (earlier.attemptsLeft - slot.attemptsLeft !== expected)
      throw new Violation(
        3,
        `slot ${slot.index} is charged ${earlier.attemptsLeft - slot.attemptsLeft} attempts, not ${expected}`,
      );
  }
  return found;
}

/** Law 3, of a loader that dies after its first record: when it was on its way to a trial, that has counted one already. */
function law3CountedFirst(before: State, { event, next, outcome }: Step): boolean {
  if (event.kind !== 'boot that dies in the loader' || outcome?.started?.attempt === undefined) return false;
  const counted = next.record.slots.some((slot) => {
    const earlier = before.record.slots[slot.index];
    return earlier?.generation === slot.generation && slot.state === 'trial' && boots(slot) < boots(earlier);
  });
  if (!counted) throw new Violation(3, 'the first record of a boot counts no attempt');
  return true;
}

/** Law 3, of an orderly shutdown: it gives the attempt back while it is free, and takes nothing when it is not. */
function law3ShutdownsAreNotCharged(before: State, { event, next }: Step): boolean {
  if (event.kind !== 'shut down' && event.kind !== 'kexec') return false;
  const { running } = before;
  const earlier = running.phase === 'off' ? undefined : before.record.slots[running.slot];
  const slot = earlier && next.record.slots[earlier.index];
  if (slot === undefined || earlier === undefined || !isOpen(earlier)) return false;
  const expected = shutdownsLeft(earlier) > 0 && earlier.attemptsLeft < earlier.attemptsTotal ? 1 : 0;
  const givenBack = slot.attemptsLeft - earlier.attemptsLeft;
  if (isOpen(slot) || givenBack !== expected)
    throw new Violation(
      3,
      `a shutdown of slot ${slot.index} gives ${givenBack} attempts back, not ${expected}`,
    );
  return true;
}

/** Law 4: a second boot of a confirmed release writes nothing. */
function law4ConfirmedBootsWriteNothing({ event, next, outcome }: Step, machine: Machine): boolean {
  if (event.kind !== 'boot' || outcome?.started === undefined) return false;
  if (outcome.started.attempt !== undefined) return false;
  const again = new BlocksDevice(next.blocks);
  machine.boot(again, { writable: true, refused: [], lastBoot: 'reset' });
  if (again.written.size > 0) throw new Violation(4, `a second boot writes ${again.written.size} blocks`);
  return true;
}

/** Law 5: what is in the list of failures stays there, what has failed is in it, and without force it is not staged. */
function law5WhatFailedStaysKnown(before: State, { event, next, refused }: Step, world: World): boolean {
  const known = new Set(next.record.failures.map(({ releaseDigest }) => releaseDigest));
  for (const { releaseDigest } of before.record.failures) {
    if (!known.has(releaseDigest)) throw new Violation(5, `failure ${releaseDigest} is forgotten`);
  }
  const refusedNow = new Set(
    next.record.failures.filter(isRefused).map(({ releaseDigest }) => releaseDigest),
  );
  for (const { releaseDigest } of before.record.failures.filter(isRefused)) {
    if (!refusedNow.has(releaseDigest))
      throw new Violation(5, `${releaseDigest} failed and is no longer refused`);
  }
  for (const slot of next.record.slots) {
    const earlier = before.record.slots[slot.index];
    const givenUp = slot.state === 'failed' && earlier?.state === 'trial';
    if (
      givenUp &&
      before.record.failures.some(({ releaseDigest }) => releaseDigest === slot.releaseDigest) &&
      !refusedNow.has(slot.releaseDigest)
    )
      throw new Violation(5, `slot ${slot.index} is given up a second time and not refused`);
    if (slot.state === 'failed' && !known.has(slot.releaseDigest))
      throw new Violation(5, `slot ${slot.index} failed and is not in the list`);
  }
  if (event.kind === 'stage' && !event.force) {
    const digest = world.releases[event.release]?.signed.digest;
    const failed = before.record.failures.some(
      (failure) => failure.releaseDigest === digest && isRefused(failure),
    );
    if (failed && refused === undefined) throw new Violation(5, `${digest} failed and was staged again`);
  }
  return known.size > 0;
}

/** Law 6: the floor never falls, and no live slot is below it. */
function law6FloorCannotBrick(before: State, { next }: Step, { releases }: World): boolean {
  const { floor, slots } = next.record;
  if (floor < before.record.floor) throw new Violation(6, `the floor falls to ${floor}`);
  const live = slots.filter(isLive);
  for (const { index, releaseDigest } of live) {
    const release = releases.find(({ signed }) => signed.digest === releaseDigest);
    if (release !== undefined && BigInt(release.securityVersion) < floor)
      throw new Violation(6, `slot ${index} is below the floor ${floor}`);
  }
  return live.length > 0;
}

/** All of them; counts in `laws` where there was something to check. */
export function checkStep(before: State, step: Step, machine: Machine, world: World, laws: Counts): void {
  if (law2TheLastGoodSlot(before, step)) count(laws, 2);
  if (law3ATrialEnds(before, step)) count(laws, 3);
  if (law3CountedFirst(before, step)) count(laws, 3);
  if (law3ShutdownsAreNotCharged(before, step)) count(laws, 3);
  if (law4ConfirmedBootsWriteNothing(step, machine)) count(laws, 4);
  if (law5WhatFailedStaysKnown(before, step, world)) count(laws, 5);
  if (law6FloorCannotBrick(before, step, world)) count(laws, 6);
}
