/**
 * Free space, derived: a data group is free when no live slot has its descriptor or an extent in it (FORMAT.md §2).
 *
 * Space is given in whole erase groups, so nothing that lives shares one with anything that is written later. Groups are
 * counted in runs, never one by one: a volume may have 67 million of them.
 */
import type { Extent, SlotFile } from './descriptor.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE } from './format.ts';
import type { Slot } from './record.ts';
import type { Superblock } from './superblock.ts';
import type { Volume } from './volume.ts';

/** Erase groups that follow each other. */
export interface GroupRun {
  /** Number of the first group. */
  readonly first: number;
  /** Number of groups, at least 1. */
  readonly groups: number;
}

/** The groups that a slot's descriptor and files touch, a run for each piece; runs may overlap. */
export function groupsOfSlot(
  superblock: Superblock,
  slot: Slot,
  files: readonly SlotFile[],
): readonly GroupRun[] {
  const descriptor: Extent = { start: slot.descriptorBlock, blocks: slot.descriptorBlocks };
  return [descriptor, ...files.flatMap((file) => file.extents)].map(({ start, blocks }) => {
    const first = Math.floor(start / superblock.groupBlocks);
    const last = Math.floor((start + blocks - 1) / superblock.groupBlocks);
    return { first, groups: last - first + 1 };
  });
}

/**
 * The runs of free data groups, ascending, with those of slot `target` counted as free.
 *
 * Throws what reading a trial's, a confirmed or the running slot's descriptor throws: while it is not known what such a slot
 * holds, nothing can be written without risking it. Another failed slot with an unreadable descriptor cannot boot and holds
 * back no more than that descriptor; otherwise one bad sector would end all updates.
 */
export function freeRuns(volume: Volume, target: number, running?: number): readonly GroupRun[] {
  const { superblock } = volume;
  const used = volume
    .liveSlots()
    .filter((slot) => slot.index !== target)
    .flatMap((slot) => groupsOfSlot(superblock, slot, filesOf(volume, slot, running)))
    .toSorted((a, b) => a.first - b.first);
  const end = superblock.dataEnd / superblock.groupBlocks;
  const free: GroupRun[] = [];
  let at = superblock.dataStart / superblock.groupBlocks;
  for (const run of [...used, { first: end, groups: 1 }]) {
    if (run.first > at) free.push({ first: at, groups: run.first - at });
    at = Math.max(at, run.first + run.groups);
  }
  return free;
}

/**
 * As few runs of free blocks as hold `blocks` blocks, ascending: the smallest single run that is large enough, else the
 * largest ones. Throws `VOLUME_FULL`.
 */
export function allocate(
  superblock: Superblock,
  free: readonly GroupRun[],
  blocks: number,
): readonly Extent[] {
  const { groupBlocks } = superblock;
  const needed = Math.ceil(blocks / groupBlocks);
  const [fitting] = free.filter((run) => run.groups >= needed).toSorted((a, b) => a.groups - b.groups);
  const chosen = fitting === undefined ? largest(free, needed) : [fitting];
  const available = chosen.reduce((sum, run) => sum + run.groups, 0);
  if (available < needed) {
    const [expected, actual] = [needed, available].map((groups) => groups * groupBlocks * BLOCK_SIZE);
    throw new SdfsError(
      'VOLUME_FULL',
      `Cannot stage: the release takes ${expected} bytes in whole erase groups, ${actual} are free`,
      {
        hint: 'Roll back a slot that is not needed, so that it can be overwritten, or use a larger volume.',
        facts: { expected: expected ?? 0, actual: actual ?? 0 },
      },
    );
  }
  let left = blocks;
  return chosen
    .toSorted((a, b) => a.first - b.first)
    .map((run) => {
      const taken = Math.min(left, run.groups * groupBlocks);
      left -= taken;
      return { start: run.first * groupBlocks, blocks: taken };
    })
    .filter((extent) => extent.blocks > 0);
}

function largest(runs: readonly GroupRun[], needed: number): readonly GroupRun[] {
  const chosen: GroupRun[] = [];
  let groups = 0;
  for (const run of runs.toSorted((a, b) => b.groups - a.groups || a.first - b.first)) {
    if (groups >= needed) break;
    chosen.push(run);
    groups += run.groups;
  }
  return chosen;
}

function filesOf(volume: Volume, slot: Slot, running: number | undefined): readonly SlotFile[] {
  try {
    return volume.descriptor(slot.index).files;
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    const runs = slot.index === running;
    if (slot.state === 'failed' && !runs) return [];
    throw new SdfsError(thrown.code, `Cannot tell which blocks slot ${slot.index} holds: ${thrown.message}`, {
      hint: runs
        ? 'This machine runs from it; stage again after a reboot.'
        : `Give the slot up first: roll back slot ${slot.index}.`,
      cause: thrown,
      facts: thrown.facts,
    });
  }
}
