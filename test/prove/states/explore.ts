/**
 * Every state that a device can get into, breadth first to the fixpoint, each event done by the production code, and then what
 * must come of each state in the end.
 */
import { isDeepStrictEqual } from 'node:util';

import { isSdfsError, Volume } from '@cocon-os/sdfs';

import { rustVolume } from '../../cross/rust-reader.ts';
import { plainVolume } from '../../vectors/plain.ts';
import { BlocksDevice } from '../blocks-device.ts';
import { count, noneOf, type Counts } from '../tally.ts';
import { located, Violation, type LawNumber } from '../violation.ts';
import { EVENT_KINDS, eventsIn, eventText, happen, type EventKind, type StateEvent } from './events.ts';
import { PRODUCTION, type Machine } from './machine.ts';
import { tinyReleases } from './releases.ts';
import { emptyState, keyOf, type Damage, type State, type World } from './state.ts';
import { checkStep } from './step-laws.ts';

/** The laws that the walk checks; the others are about bytes, which the cuts are for. */
const STEP_LAWS = [2, 3, 4, 5, 6, 9] as const satisfies readonly LawNumber[];

/** How large the world is. */
export interface WorldSize {
  readonly slots: number;
  readonly attempts: number;
  /** Orderly shutdowns of a trial that are not charged; where there are none, nobody shuts the device down in good order. */
  readonly freeShutdowns: number;
  readonly releases: number;
  readonly damages: readonly Damage[];
}

export interface ExploreOptions {
  /** A planted fault in the place of production code. */
  readonly machine?: Machine;
  /** Leaves the laws of single events out, so that only the graph can tell. */
  readonly graphOnly?: boolean;
  /** Called now and then with the number of states so far. */
  readonly onProgress?: (states: number) => void;
}

/** What was found. */
export interface StateReport extends WorldSize {
  readonly states: number;
  readonly transitions: number;
  readonly events: Counts;
  readonly laws: Counts;
  /** States from which a trial was seen to end, and from which a healthy device was seen to stay up. */
  readonly trialsEnded: number;
  readonly staysUp: number;
}

/** A state in the graph: where it came from, and where the events lead that the ends are told by. */
interface Node {
  readonly from: number;
  readonly by: StateEvent | undefined;
  readonly safe: boolean;
  readonly running: State['running'];
  readonly runsTrial: boolean;
  readonly next: Partial<Record<EventKind, number>>;
}

/** Throws the first {@link Violation}, with the events that lead to it. */
export function explore(
  size: WorldSize,
  { machine = PRODUCTION, graphOnly = false, onProgress }: ExploreOptions = {},
): StateReport {
  const world: World = { ...size, releases: tinyReleases(size.releases, size.attempts) };
  const events = noneOf(EVENT_KINDS);
  const laws = noneOf(STEP_LAWS);
  const numbers = new Map<string, number>();
  const nodes: Node[] = [];
  const queue: (State | undefined)[] = [];
  let transitions = 0;

  const enter = (state: State, from: number, by?: StateEvent): number => {
    const key = keyOf(state, world);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = nodes.length;
    numbers.set(key, number);
    nodes.push(nodeOf(state, from, by));
    queue.push(state);
    return number;
  };
  const trace = (to: number): string => {
    const path: string[] = [];
    for (let at = nodes[to]; at?.by !== undefined; at = nodes[at.from]) path.unshift(eventText(at.by));
    return path.join(', ');
  };

  enter(emptyState(world), 0);
  for (let number = 0; number < queue.length; number += 1) {
    const state = queue[number];
    const node = nodes[number];
    if (state === undefined || node === undefined) continue;
    queue[number] = undefined;
    for (const event of eventsIn(state, world)) {
      try {
        const step = happen(state, event, machine, world);
        if (!graphOnly) checkStep(state, step, machine, world, laws);
        const known = numbers.size;
        node.next[event.kind] = enter(step.next, number, event);
        if (numbers.size > known) bothReadersAgree(step.next, laws);
      } catch (thrown) {
        throw located(thrown, `${trace(number)}, ${eventText(event)}`);
      }
      transitions += 1;
      count(events, event.kind);
    }
    if (number % 500 === 0) onProgress?.(number);
  }
  const trialsEnded = trialsEnd(nodes, size, trace);
  const staysUp = healthyStaysUp(nodes, size, trace);
  return { ...size, states: nodes.length, transitions, events, laws, trialsEnded, staysUp };
}

function nodeOf(state: State, from: number, by: StateEvent | undefined): Node {
  const { record, running, damage } = state;
  const slot = running.phase === 'off' ? undefined : record.slots[running.slot];
  const safe = record.slots.some(
    (each) =>
      damage[each.index] === undefined &&
      (each.state === 'confirmed' || (each.state === 'failed' && each.wasConfirmed)),
  );
  return { from, by, safe, running, runsTrial: slot?.state === 'trial', next: {} };
}

/** Law 9, on every state. */
function bothReadersAgree({ blocks }: State, laws: Counts): void {
  const device = new BlocksDevice(blocks);
  const ours = plainVolume(Volume.open(device), (thrown) => {
    if (isSdfsError(thrown)) return thrown.code;
    throw thrown;
  });
  const theirs = rustVolume(device);
  if (!isDeepStrictEqual({ value: ours }, theirs)) {
    throw new Violation(9, `TypeScript reads ${JSON.stringify(ours)}, Rust reads ${JSON.stringify(theirs)}`);
  }
  count(laws, 9);
}

/** From every state, with each boot ending in the same way: after a bounded number of boots no trial starts any more. */
function trialsEnd(nodes: readonly Node[], size: WorldSize, trace: (to: number) => string): number {
  const ends: readonly EventKind[] = [
    'panic',
    'unplug',
    ...(size.freeShutdowns > 0 ? ['shut down' as const] : []),
  ];
  let checked = 0;
  for (const [number, node] of nodes.entries()) {
    if (node.running.phase !== 'off') continue;
    for (const end of ends) {
      const bound = size.slots * (size.attempts * 2 + size.freeShutdowns) + 1;
      let at = number;
      let boots = 0;
      while (boots <= bound) {
        const booted = nodes[at]?.next.boot;
        const machine = booted === undefined ? undefined : nodes[booted];
        const off = machine?.next[end];
        if (machine?.runsTrial !== true || off === undefined) break;
        at = off;
        boots += 1;
      }
      if (boots > bound)
        throw located(new Violation(3, `a trial boots more than ${bound} times`), trace(number));
      checked += 1;
    }
  }
  return checked;
}

/** From every state with a good slot, when nothing goes wrong: something becomes healthy, and boots again as what it is. */
function healthyStaysUp(nodes: readonly Node[], size: WorldSize, trace: (to: number) => string): number {
  let checked = 0;
  for (const [number, node] of nodes.entries()) {
    if (node.running.phase !== 'off' || !node.safe) continue;
    const follow = (from: number | undefined, ...kinds: readonly EventKind[]): number | undefined =>
      kinds.reduce<number | undefined>(
        (at, kind) => (at === undefined ? undefined : nodes[at]?.next[kind]),
        from,
      );
    const up = follow(number, 'boot', 'reach init', 'healthy');
    const again = follow(up, 'unplug', 'boot', 'reach init', 'healthy');
    const wrong =
      up === undefined || nodes[up]?.running.phase !== 'healthy'
        ? 'nothing becomes healthy'
        : again === up
          ? undefined
          : 'it does not stay what it is';
    if (wrong !== undefined) {
      throw located(new Violation(2, `${wrong} on ${size.slots} slots`), trace(number));
    }
    checked += 1;
  }
  return checked;
}
