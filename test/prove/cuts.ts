/**
 * Every disk that a cut can leave of a log of writes and flushes.
 *
 * What was flushed is there. Of what was not, any part may be there and any part lost; the write under way may be torn at any
 * sector, with the rest old, or the front old, or with garbage where the tear is; and flash may have lost the whole erase
 * group that it was on its way to.
 */
import { LIMITS } from '@cocon-os/sdfs';

import type { Blocks } from './blocks-device.ts';
import { seededRandom, type Random } from './random.ts';
import type { Step } from './simulated-disk.ts';

/** How a cut can hit. Each has to be met at least once in a run. */
export const CUT_KINDS = ['after', 'lost', 'reordered', 'torn', 'torn with garbage', 'group lost'] as const;

export type CutKind = (typeof CUT_KINDS)[number];

/** A disk after a cut. */
export interface CutState {
  readonly kind: CutKind;
  /** The cut came when so many steps were done or under way. */
  readonly step: number;
  /** Whether every step was done, if not yet durable. */
  readonly done: boolean;
  readonly blocks: Blocks;
}

/** What the disk is like, and how much is looked at. */
export interface CutOptions {
  readonly sectorSize: number;
  readonly groupBlocks: number;
  /** For garbage. */
  readonly seed: number;
  /** For sets of writes. */
  readonly random: Random;
  /** Pending writes up to which every subset is tried; beyond it all, none, all but one or two, and as many random ones. */
  readonly allSubsetsUpTo: number;
}

type Write = Extract<Step, { kind: 'write' }>;

const { BLOCK_SIZE } = LIMITS;

/** Lazily, for there are many. The disks share what they have in common. */
export function* cutStates(start: Blocks, steps: readonly Step[], options: CutOptions): Generator<CutState> {
  let durable = start;
  let pending: Write[] = [];
  yield { kind: 'after', step: 0, done: steps.length === 0, blocks: start };
  for (const [index, each] of steps.entries()) {
    const at = { step: index + 1, done: index + 1 === steps.length };
    if (each.kind === 'flush') {
      durable = applied(durable, pending);
      pending = [];
      yield { kind: 'after', ...at, blocks: durable };
      continue;
    }
    yield* underWay(durable, pending, each, options, index + 1);
    pending = [...pending, each];
    yield* subsets(durable, pending, options, at);
  }
}

/** The write under way, over each set of those before it that may be there. */
function* underWay(
  durable: Blocks,
  pending: readonly Write[],
  write: Write,
  options: CutOptions,
  step: number,
): Generator<CutState> {
  const { sectorSize, groupBlocks } = options;
  const sectors = (write.contents.length * BLOCK_SIZE) / sectorSize;
  for (const set of setsOf(pending.length, options)) {
    const base = applied(durable, membersOf(set, pending));
    for (let sector = 0; sector < sectors; sector += 1) {
      const tear = (pick: (sector: number) => Source): Blocks => torn(base, write, options, pick);
      if (sector > 0) {
        yield { kind: 'torn', step, done: false, blocks: tear((each) => (each < sector ? 'new' : 'old')) };
        yield { kind: 'torn', step, done: false, blocks: tear((each) => (each < sector ? 'old' : 'new')) };
      }
      const around = (each: number): Source => (each < sector ? 'new' : each === sector ? 'garbage' : 'old');
      yield { kind: 'torn with garbage', step, done: false, blocks: tear(around) };
    }
    for (const group of groupsOf(write, groupBlocks)) {
      for (const filling of [0xff, 0x00, undefined]) {
        yield { kind: 'group lost', step, done: false, blocks: groupLost(base, group, filling, options) };
      }
    }
  }
}

/** Each set of pending writes that got through: in order up to some point, or a later one before an earlier one. */
function* subsets(
  durable: Blocks,
  pending: readonly Write[],
  options: CutOptions,
  at: { readonly step: number; readonly done: boolean },
): Generator<CutState> {
  for (const set of setsOf(pending.length, options)) {
    const kept = membersOf(set, pending);
    // An unbroken row of ones from the first write on is a power of two less one.
    const inOrder = Number.isInteger(Math.log2(set + 1));
    const kind = kept.length === pending.length ? 'after' : inOrder ? 'lost' : 'reordered';
    yield { kind, ...at, blocks: applied(durable, kept) };
  }
}

/** Sets of `count` writes as bits, all of them first: every set, or beyond the limit the whole, all but one or two, and random ones. */
function* setsOf(count: number, { allSubsetsUpTo, random }: CutOptions): Generator<number> {
  const everything = 2 ** count - 1;
  if (count <= allSubsetsUpTo) {
    for (let set = everything; set >= 0; set -= 1) yield set;
    return;
  }
  yield everything;
  yield 0;
  for (let one = 0; one < count; one += 1) {
    yield everything - 2 ** one;
    for (let other = 0; other < one; other += 1) yield everything - 2 ** one - 2 ** other;
  }
  for (let drawn = 0; drawn < 2 ** allSubsetsUpTo; drawn += 1) yield random.below(everything);
}

function membersOf(set: number, writes: readonly Write[]): readonly Write[] {
  return writes.filter((_, index) => Math.floor(set / 2 ** index) % 2 === 1);
}

function applied(blocks: Blocks, writes: readonly Write[]): Blocks {
  const next = blocks.slice();
  for (const { block, contents } of writes) {
    for (const [index, bytes] of contents.entries()) next[block + index] = bytes;
  }
  return next;
}

/** Where a sector of a torn write comes from. */
type Source = 'new' | 'old' | 'garbage';

function torn(
  base: Blocks,
  { block, contents }: Write,
  { sectorSize, seed }: CutOptions,
  pick: (sector: number) => Source,
): Blocks {
  const next = base.slice();
  const perBlock = BLOCK_SIZE / sectorSize;
  for (const [index, fresh] of contents.entries()) {
    const bytes = base[block + index]?.slice() ?? new Uint8Array(BLOCK_SIZE);
    for (let sector = 0; sector < perBlock; sector += 1) {
      const source = pick(index * perBlock + sector);
      const range = [sector * sectorSize, (sector + 1) * sectorSize] as const;
      if (source === 'new') bytes.set(fresh.subarray(...range), range[0]);
      if (source === 'garbage') bytes.set(garbageAt(seed, block + index, sector, sectorSize), range[0]);
    }
    next[block + index] = bytes;
  }
  return next;
}

/** The first blocks of the erase groups that a write touches. */
function groupsOf({ block, contents }: Write, groupBlocks: number): readonly number[] {
  const first = Math.floor(block / groupBlocks);
  const last = Math.floor((block + contents.length - 1) / groupBlocks);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * groupBlocks);
}

function groupLost(
  base: Blocks,
  first: number,
  filling: number | undefined,
  { groupBlocks, seed }: CutOptions,
): Blocks {
  const next = base.slice();
  const bytes =
    filling === undefined ? garbageAt(seed, first, 0, BLOCK_SIZE) : new Uint8Array(BLOCK_SIZE).fill(filling);
  for (let each = first; each < Math.min(first + groupBlocks, base.length); each += 1) next[each] = bytes;
  return next;
}

const garbage = new Map<string, Uint8Array>();

/** The same at the same place: two cuts that leave the same otherwise leave one disk and not two. */
function garbageAt(seed: number, block: number, sector: number, length: number): Uint8Array {
  const place = `${seed} ${block} ${sector} ${length}`;
  const known = garbage.get(place);
  if (known !== undefined) return known;
  const made = new Uint8Array(length);
  seededRandom(Math.imul(seed, 1_000_003) + block * 8 + sector).scramble(made);
  garbage.set(place, made);
  return made;
}
