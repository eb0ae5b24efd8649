/**
 * Free space, derived: a data group is free when no live slot has its descriptor or an extent in it (FORMAT.md §2).
 *
 * Space is given in whole erase groups, so nothing that lives shares one with anything that is written later.
 */
import type { Extent, SlotFile } from './descriptor.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE } from './format.ts';
import type { Slot } from './record.ts';
import type { Superblock } from './superblock.ts';
import type { Volume } from './volume.ts';

/** The groups that a slot's descriptor and files touch. */
export function groupsOfSlot(
  superblock: Superblock,
  slot: Slot,
  files: readonly SlotFile[],
): ReadonlySet<number> {
  const descriptor: Extent = { start: slot.descriptorBlock, blocks: slot.descriptorBlocks };
  const groups = new Set<number>();
  for (const { start, blocks } of [descriptor, ...files.flatMap((file) => file.extents)]) {
    const last = Math.floor((start + blocks - 1) / superblock.groupBlocks);
    for (let group = Math.floor(start / superblock.groupBlocks); group <= last; group += 1) groups.add(group);
  }
  return groups;
}

/**
 * The free data groups, ascending, with those of slot `target` counted as free.
 *
 * Throws what reading a trial's or a confirmed slot's descriptor throws: while it is not known what such a slot holds,
 * nothing can be written without risking it. A failed slot with an unreadable descriptor cannot boot and holds back no
 * more than that descriptor; otherwise one bad sector would end all updates.
 */
export function freeGroups(volume: Volume, target: number): readonly number[] {
  const { superblock } = volume;
  const used = new Set<number>();
  for (const slot of volume.liveSlots()) {
    if (slot.index === target) continue;
    for (const group of groupsOfSlot(superblock, slot, filesOf(volume, slot))) used.add(group);
  }
  const first = superblock.dataStart / superblock.groupBlocks;
  const count = superblock.dataEnd / superblock.groupBlocks - first;
  return Array.from({ length: count }, (_, index) => first + index).filter((group) => !used.has(group));
}

function filesOf(volume: Volume, slot: Slot): readonly SlotFile[] {
  try {
    return volume.descriptor(slot.index).files;
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    if (slot.state === 'failed') return [];
    throw new SdfsError(thrown.code, `Cannot tell which blocks slot ${slot.index} holds: ${thrown.message}`, {
      hint: `Give the slot up first: roll back slot ${slot.index}.`,
      cause: thrown,
      facts: thrown.facts,
    });
  }
}

/**
 * As few runs of free blocks as hold `blocks` blocks, ascending. The smallest single run that is large enough, else the
 * largest ones. Throws `VOLUME_FULL`.
 */
export function allocate(superblock: Superblock, free: readonly number[], blocks: number): readonly Extent[] {
  const { groupBlocks } = superblock;
  const needed = Math.ceil(blocks / groupBlocks);
  const runs = runsOf(free);
  const fitting = runs.filter((run) => run.groups >= needed).toSorted((a, b) => a.groups - b.groups)[0];
  const chosen = fitting === undefined ? largest(runs, needed) : [fitting];
  const available = chosen.reduce((sum, run) => sum + run.groups, 0);
  if (available < needed) {
    const bytes = (count: number): number => count * groupBlocks * BLOCK_SIZE;
    throw new SdfsError(
      'VOLUME_FULL',
      `Cannot stage: the release takes ${bytes(needed)} bytes in whole erase groups, ${bytes(available)} are free`,
      {
        hint: 'Roll back and overwrite a slot that is not needed, or use a larger volume.',
        facts: { expected: bytes(needed), actual: bytes(available) },
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

interface Run {
  readonly first: number;
  readonly groups: number;
}

function runsOf(groups: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  for (const group of groups) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.groups === group)
      runs[runs.length - 1] = { ...last, groups: last.groups + 1 };
    else runs.push({ first: group, groups: 1 });
  }
  return runs;
}

function largest(runs: readonly Run[], needed: number): readonly Run[] {
  const chosen: Run[] = [];
  let groups = 0;
  for (const run of runs.toSorted((a, b) => b.groups - a.groups || a.first - b.first)) {
    if (groups >= needed) break;
    chosen.push(run);
    groups += run.groups;
  }
  return chosen;
}
