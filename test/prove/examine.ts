/**
 * One operation on one volume: run once to see what it writes, then cut everywhere; every disk that a cut leaves is examined
 * under all laws, the operation is done again on it, and cut again while it is.
 */
import { isSdfsError, Volume, type BlockDevice, type Extent, type Slot } from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';

import { bootOnce } from '../cross/boot.ts';
import { BlocksDevice, type Blocks } from './blocks-device.ts';
import { cutStates, type CutOptions, type CutState } from './cuts.ts';
import type { Geometry } from './geometries.ts';
import {
  bootedRelease,
  codeOf,
  law10UnknownFeatureBits,
  law1OldOrNew,
  law2LastGoodSlot,
  law3ATrialEnds,
  law4ConfirmedBootsWriteNothing,
  law5WhatFailedStaysKnown,
  law6FloorCannotBrick,
  law7Geometry,
  law9BothReadersAgree,
  type Expectation,
} from './laws.ts';
import { prepared, type Boots, type Operation } from './operations.ts';
import { seededRandom } from './random.ts';
import { DISK_FAULTS, SimulatedDisk, type Step } from './simulated-disk.ts';
import { StateSet } from './state-set.ts';
import { count, type Tally } from './tally.ts';
import { located, Violation } from './violation.ts';

/** What a canary puts in the place of production code. */
export interface PlantedFault {
  readonly steps?: (steps: readonly Step[], start: Blocks) => readonly Step[];
  readonly run?: (device: BlockDevice, production: (device: BlockDevice) => void) => void;
  readonly open?: Expectation['open'];
  readonly boot?: Expectation['boot'];
  /** Blocks that the medium may lose at once, when they are not those of the volume's erase group. */
  readonly mediumGroupBlocks?: number;
}

export interface ExamineOptions {
  readonly seed: number;
  /** Pending writes up to which every subset is tried. */
  readonly allSubsetsUpTo: number;
  /** Of disks that hold a record like one seen before, every so many are cut again as well. */
  readonly cutAgainEvery: number;
  readonly fault?: PlantedFault;
  /** Called now and then with the number of states so far. */
  readonly onProgress?: (states: number) => void;
}

const PROGRESS_EVERY = 2000;
/** Laws 4, 7 and 10 take further boots, and hardly depend on where a cut hit: the first disk of each kind, and of all one in so many. */
const SAMPLE_EVERY = 16;

/** Throws the first {@link Violation}, with the cut that led to it. */
export function examine(
  operation: Operation,
  geometry: Geometry,
  seen: StateSet,
  tally: Tally,
  options: ExamineOptions,
): void {
  const { fault = {}, seed } = options;
  const start = prepared(operation, geometry);
  const run = (device: BlockDevice): BootOutcome | undefined => {
    let outcome: BootOutcome | undefined;
    const production = (on: BlockDevice): void => {
      outcome = operation.run(on, geometry);
    };
    if (fault.run === undefined) production(device);
    else fault.run(device, production);
    return outcome;
  };
  const recorded = new SimulatedDisk(start, geometry.sectorSize);
  run(recorded);
  const steps = fault.steps?.(recorded.steps, start) ?? recorded.steps;
  const { mediumGroupBlocks: groupBlocks = geometry.groupBlocks } = fault;
  const cuts: CutOptions = { ...geometry, ...options, groupBlocks, random: seededRandom(seed) };
  const expected = expectationOf(operation, geometry, start, recorded.blocks, fault);
  const records = new Set<string>();
  /** Cut once; that a repetition has left the same elsewhere does not make up for its own. */
  const once = new StateSet();
  const sampled = new Set<string>();

  const isSampled = (volume: Volume | undefined): boolean => {
    const key = volume === undefined ? '' : keyOf(volume);
    const isNew = !sampled.has(key);
    sampled.add(key);
    return isNew || tally.states % SAMPLE_EVERY === 0;
  };
  const checked = (state: CutState, path: string): boolean => {
    count(tally.cuts, state.kind);
    if (!seen.add(state.blocks)) return false;
    tally.states += 1;
    count(tally.operations, operation.name);
    count(tally.geometries, geometry.name);
    if (tally.states % PROGRESS_EVERY === 0) options.onProgress?.(tally.states);
    try {
      checkLaws(state.blocks, expected, tally, isSampled);
    } catch (thrown) {
      throw located(thrown, `${operation.name} (${geometry.name}), ${path}${state.kind}, step ${state.step}`);
    }
    return true;
  };

  /** Does the operation again; what it wrote. */
  const repeat = (state: CutState): readonly Step[] => {
    const disk = new SimulatedDisk(state.blocks, geometry.sectorSize);
    try {
      repeated(operation, disk, run);
      mustBoot(new BlocksDevice(disk.blocks, geometry.sectorSize), operation.after, expected);
    } catch (thrown) {
      throw located(
        thrown,
        `${operation.name} (${geometry.name}), ${state.kind}, step ${state.step}, repeated`,
      );
    }
    tally.more.repetitions += 1;
    return disk.steps;
  };
  const cutAgain = (state: CutState, again: readonly Step[]): void => {
    for (const second of cutStates(state.blocks, again, { ...cuts, allSubsetsUpTo: 3 })) {
      if (checked(second, `${state.kind} at step ${state.step}, then `)) tally.more['second cuts'] += 1;
    }
  };

  finalState(operation, geometry, start, steps, expected);
  for (const state of cutStates(start, steps, cuts)) {
    checked(state, '');
    const record = recordKey(state.blocks, geometry.sectorSize);
    const isNew = !records.has(record);
    records.add(record);
    if (!once.add(state.blocks)) continue;
    const again = repeat(state);
    if (isNew || once.size % options.cutAgainEvery === 0) cutAgain(state, again);
  }
  if (fault.steps === undefined) withFaults(operation, geometry, start, run, expected, tally);
}

/** All laws on one disk; those that take long if it is a sample. */
function checkLaws(
  blocks: Blocks,
  expected: Expectation,
  tally: Tally,
  isSample: (volume: Volume | undefined) => boolean,
): void {
  const volume = law9BothReadersAgree(blocks, expected);
  count(tally.laws, 9);
  const booted = new BlocksDevice(blocks, expected.sectorSize);
  const outcome = expected.boot(booted);
  count(tally.laws, 8);
  const examined = { blocks, volume, outcome, booted };
  law1OldOrNew(examined, expected);
  count(tally.laws, 1);
  if (law2LastGoodSlot(examined, expected)) count(tally.laws, 2);
  if (law3ATrialEnds(examined, expected)) count(tally.laws, 3);
  if (law5WhatFailedStaysKnown(examined, expected)) count(tally.laws, 5);
  if (law6FloorCannotBrick(examined)) count(tally.laws, 6);
  if (!isSample(volume)) return;
  if (law4ConfirmedBootsWriteNothing(examined, expected)) count(tally.laws, 4);
  if (law7Geometry(examined, expected)) count(tally.laws, 7);
  if (law10UnknownFeatureBits(examined, expected)) count(tally.laws, 10);
}

/**
 * Each write and each flush fails once in each way, and the disk turns read-only before each write: the operation says so, or
 * it is done, and it loses nothing.
 */
function withFaults(
  operation: Operation,
  geometry: Geometry,
  start: Blocks,
  run: (device: BlockDevice) => BootOutcome | undefined,
  expected: Expectation,
  tally: Tally,
): void {
  const { sectorSize } = geometry;
  const dry = new SimulatedDisk(start, sectorSize);
  run(dry);
  for (const kind of DISK_FAULTS) {
    const times = kind.endsWith('flushes') ? dry.flushes : dry.writes;
    for (let at = 1; at <= times; at += 1) {
      const disk = new SimulatedDisk(start, sectorSize, { kind, at });
      try {
        let outcome: BootOutcome | undefined;
        const done = succeeds(() => {
          outcome = run(disk);
        });
        if (operation.isBoot === true) mustStart(outcome, start, operation);
        checkLaws(disk.blocks, expected, tally, () => false);
        if (done && operation.isBoot !== true)
          mustBoot(new BlocksDevice(disk.blocks, sectorSize), operation.after, expected);
        const healed = new SimulatedDisk(disk.blocks, sectorSize);
        repeated(operation, healed, run);
        mustBoot(new BlocksDevice(healed.blocks, sectorSize), operation.after, expected);
      } catch (thrown) {
        throw located(thrown, `${operation.name} (${geometry.name}), ${kind}, the one with number ${at}`);
      }
      tally.more[kind] += 1;
    }
  }
}

/** Whether it comes to its end; an error of ours is an answer. */
function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (thrown) {
    codeOf(thrown);
    return false;
  }
}

/** When all is done, everything is durable, and the new state boots. */
function finalState(
  operation: Operation,
  geometry: Geometry,
  start: Blocks,
  steps: readonly Step[],
  expected: Expectation,
): void {
  const place = `${operation.name} (${geometry.name}), done`;
  if (steps.length > 0 && steps.at(-1)?.kind !== 'flush') {
    throw located(
      new Violation(operation.isBoot ? 3 : 1, 'what was written is not flushed at the end'),
      place,
    );
  }
  let blocks = start;
  const all: CutOptions = { ...geometry, seed: 1, random: seededRandom(1), allSubsetsUpTo: 0 };
  for (const state of cutStates(start, steps, all)) if (state.kind === 'after') blocks = state.blocks;
  try {
    mustBoot(new BlocksDevice(blocks, geometry.sectorSize), operation.after, expected);
  } catch (thrown) {
    throw located(thrown, place);
  }
}

function mustBoot(device: BlocksDevice, wanted: Boots, { boot }: Expectation): void {
  const outcome = boot(device);
  const booted = bootedRelease(outcome);
  if (booted !== wanted) {
    throw new Violation(1, `${booted} boots when all is done, expected ${wanted}\n${outcome.log.join('\n')}`);
  }
}

/** FORMAT.md §7: a disk that fails may keep a trial from its start, and nothing else. */
function mustStart(outcome: BootOutcome | undefined, start: Blocks, { after }: Operation): void {
  const withoutWrites = bootedRelease(bootOnce(new BlocksDevice(start), { writable: false }));
  const booted = outcome === undefined ? 'nothing' : bootedRelease(outcome);
  if (booted === 'nothing' || (booted !== after && booted !== withoutWrites)) {
    const seen = `${booted} starts on a failing disk, not ${after} or ${withoutWrites}`;
    throw new Violation(1, `${seen}\n${outcome?.log.join('\n')}`);
  }
}

/** Does the operation again, as whoever was cut off would. */
function repeated(operation: Operation, device: BlockDevice, run: (device: BlockDevice) => unknown): void {
  try {
    run(device);
    // What a cut of a boot left may have given an attempt back; the end comes with further boots.
    if (operation.isBoot === true) for (let more = 0; more < 8; more += 1) bootUntil(operation, device);
  } catch (thrown) {
    if (!isSdfsError(thrown) || !operation.doneCodes.includes(thrown.code)) throw thrown;
  }
}

function bootUntil(operation: Operation, device: BlockDevice): void {
  if (operation.after !== 1) return;
  bootOnce(device, { lastBoot: 'reset' });
}

function expectationOf(
  operation: Operation,
  { sectorSize }: Geometry,
  start: Blocks,
  end: Blocks,
  fault: PlantedFault,
): Expectation {
  const boot =
    fault.boot ?? ((device: BlocksDevice): BootOutcome => bootOnce(device, { lastBoot: 'power-lost' }));
  const before = bootedRelease(bootOnce(new BlocksDevice(start, sectorSize), { lastBoot: 'power-lost' }));
  return {
    allowed: new Set([before, operation.after, ...(operation.alsoBoots ?? [])]),
    // What was there before the operation is what has to stay.
    contents: new Map([...contentsOf(end), ...contentsOf(start)]),
    sectorSize,
    open: fault.open ?? ((device) => Volume.open(device)),
    boot,
  };
}

/** What the live slots of a disk hold, by generation. */
function contentsOf(blocks: Blocks): Expectation['contents'] {
  const volume = Volume.open(new BlocksDevice(blocks));
  const found = new Map<bigint, ReadonlyMap<number, Uint8Array | undefined>>();
  for (const slot of volume.liveSlots()) {
    const extents = extentsOf(volume, slot);
    const numbers = extents.flatMap((extent) =>
      Array.from({ length: extent.blocks }, (_, index) => extent.start + index),
    );
    found.set(slot.generation, new Map(numbers.map((block) => [block, blocks[block]])));
  }
  return found;
}

/** Only the descriptor's own where a planted fault has made it unreadable. */
function extentsOf(volume: Volume, slot: Slot): readonly Extent[] {
  const descriptor = { start: slot.descriptorBlock, blocks: slot.descriptorBlocks };
  try {
    return [descriptor, ...volume.descriptor(slot.index).files.flatMap((file) => file.extents)];
  } catch (thrown) {
    codeOf(thrown);
    return [descriptor];
  }
}

/** What the rings and superblocks hold: disks that differ only in data that no record names are of one kind. */
function recordKey(blocks: Blocks, sectorSize: number): string {
  try {
    return keyOf(Volume.open(new BlocksDevice(blocks, sectorSize)));
  } catch (thrown) {
    return codeOf(thrown);
  }
}

function keyOf({ record }: Volume): string {
  return `${record.sequence} ${record.slots.map(({ state, attemptsLeft }) => state + attemptsLeft).join()}`;
}
