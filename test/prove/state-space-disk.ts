/**
 * A disk of the state space: its blocks, what lies in its slots, and what of that is damaged.
 *
 * Of the rings only the record that counts is kept. The older ones matter when a write is torn or lost, which is what the
 * cut tests are about; nothing reads them otherwise.
 */
import { LIMITS, mkfs, Volume, type BootRecord, type Slot } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { BlocksDevice, type Blocks } from './state-space-device.ts';
import type { ReleaseShelf } from './state-space-releases.ts';

/** What of a slot is damaged, for good. */
export type Damage = 'none' | 'descriptor' | 'release' | 'kernel';
/** The kinds of damage that an event can do. */
export const DAMAGES = ['descriptor', 'release', 'kernel'] as const satisfies readonly Damage[];

/** What a slot that is not empty holds. */
export interface Contents {
  readonly generation: bigint;
  /** Number of its release on the shelf. */
  readonly release: number;
  readonly damage: Damage;
  /** The block that each kind of damage hits. */
  readonly places: Readonly<Record<Exclude<Damage, 'none'>, number>>;
  /** Every block that the slot refers to. */
  readonly blocks: readonly number[];
}

/** A disk at rest. */
export interface Disk {
  readonly blocks: Blocks;
  /** By slot; `undefined` for an empty one. */
  readonly slots: readonly (Contents | undefined)[];
}

/** A disk and its record, read. */
export interface ReadDisk extends Disk {
  readonly record: BootRecord;
}

const GROUP_BLOCKS = 16;
const RING_RECORDS = 2;
/** The smallest volume of this many slots: a group for each besides rings and superblocks. */
export function emptyDisk(slots: number): ReadDisk {
  const blocks = (3 + slots) * GROUP_BLOCKS + 1;
  const device = new BlocksDevice(Array.from({ length: blocks }, () => undefined));
  const options = { slots, groupBlocks: GROUP_BLOCKS, ringRecords: RING_RECORDS, uuid: VOLUME_UUID };
  const { record } = mkfs(device, options, nodeCrypto);
  return settled({ blocks: [], slots: Array.from({ length: slots }, () => undefined) }, device, record);
}

const VOLUME_UUID = '01234567-89ab-4cde-8f01-23456789abcd';

/** Opens a disk as every command does. */
export function open(disk: Disk): { readonly device: BlocksDevice; readonly volume: Volume } {
  const device = new BlocksDevice(disk.blocks);
  return { device, volume: Volume.open(device) };
}

/** The disk after `device` was written to: `record` counts, older ones are gone, and slots that changed are looked into. */
export function settled(before: Disk, device: BlocksDevice, record: BootRecord): ReadDisk {
  const blocks = [...device.blocks];
  for (let block = GROUP_BLOCKS; block < 3 * GROUP_BLOCKS; block += 1) {
    if (block !== record.block) blocks[block] = undefined;
  }
  return { blocks, record, slots: before.slots };
}

/** The disk with the contents of the slots that a stage has filled or emptied. */
export function lookedInto(disk: ReadDisk, volume: Volume, shelf: ReleaseShelf): ReadDisk {
  const slots = disk.record.slots.map((slot) => {
    const known = disk.slots[slot.index];
    if (slot.state === 'empty') return undefined;
    return known?.generation === slot.generation ? known : contentsOf(volume, slot, shelf);
  });
  return { ...disk, slots };
}

function contentsOf(volume: Volume, slot: Slot, shelf: ReleaseShelf): Contents {
  const { files } = volume.descriptor(slot.index);
  const first = (name: string): number =>
    files.find((file) => file.name === name)?.extents[0]?.start ?? slot.descriptorBlock;
  const extents = files.flatMap((file) => file.extents);
  return {
    generation: slot.generation,
    release: shelf.find(slot.releaseDigest)?.number ?? 0,
    damage: 'none',
    places: { descriptor: slot.descriptorBlock, release: first('release.json'), kernel: first('kernel') },
    blocks: [
      ...span(slot.descriptorBlock, slot.descriptorBlocks),
      ...extents.flatMap(({ start, blocks }) => span(start, blocks)),
    ],
  };
}

function span(start: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => start + index);
}

/** The disk with a byte of a slot changed. */
export function damaged(disk: ReadDisk, index: number, damage: Exclude<Damage, 'none'>): ReadDisk {
  const contents = disk.slots[index];
  if (contents === undefined) return disk;
  const place = contents.places[damage];
  const bytes = disk.blocks[place]?.slice() ?? new Uint8Array(LIMITS.BLOCK_SIZE);
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  return {
    ...disk,
    blocks: disk.blocks.with(place, bytes),
    slots: disk.slots.with(index, { ...contents, damage }),
  };
}
