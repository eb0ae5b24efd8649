/** Finds and opens the volume that a command is about, on a host and on a device. */
import { locateVolume, Volume, type Slot } from '@cocon-os/sdfs';

import { bootWarnings } from './boot-warnings.ts';
import { UpdaterError } from './errors.ts';
import { findPartition, type FoundPartition } from './find-partition.ts';
import { readBootFacts } from './kernel-command-line.ts';
import type { Platform } from './platform.ts';
import type { StatusWarning } from './status-schema.ts';
import { ownTableWarnings, tableWarnings } from './table-warnings.ts';

/** The options that every command on a volume has. */
export const VOLUME_OPTIONS = {
  volume: {
    type: 'string',
    value: '<path>',
    help: 'Volume image, disk image or block device; without it, the volume that this machine runs from',
  },
  partition: {
    type: 'number',
    value: '<number>',
    help: 'Partition of the disk that holds the volume, when there are several',
  },
} as const;

/** Where to look. */
export interface VolumePlace {
  readonly volume: string | undefined;
  readonly partition: number | undefined;
}

/** An open volume and what runs from it. */
export interface OpenVolume {
  readonly path: string;
  readonly volume: Volume;
  /** The slot that this machine runs, when the volume was found by itself. What a command is about by default. */
  readonly running: number | undefined;
  /**
   * The slot that this machine runs, as far as slot number and release tell: also of a volume that was named, which may be
   * this machine's own or a copy of it. Never to be overwritten.
   */
  readonly inUse: number | undefined;
  /**
   * Why it may not be the volume that the loader started from, when it was found by itself; and what is wrong with the partition
   * tables of its disk.
   */
  readonly warnings: () => readonly StatusWarning[];
}

/** Opens the volume, hands it over, and closes it whatever happens. */
export async function withVolume<Value>(
  platform: Platform,
  place: VolumePlace,
  mode: 'read' | 'write',
  use: (open: OpenVolume) => Value | Promise<Value>,
): Promise<Value> {
  const boot = readBootFacts(platform);
  const named = place.volume !== undefined;
  const {
    path,
    disk: ownDisk,
    twins,
  } = named
    ? { path: place.volume, disk: undefined, twins: [] }
    : runningVolume(platform, boot.partitionUuid);
  const disk = platform.openDevice(path, mode);
  try {
    const { device, tables } = locateVolume(disk, place.partition);
    const volume = Volume.open(device);
    const inUse = volume.record.slots.find(
      (slot) => slot.index === boot.slot && slot.state !== 'empty' && slot.releaseDigest === boot.release,
    )?.index;
    const running = named ? undefined : inUse;
    const warnings = (): readonly StatusWarning[] => {
      if (named) return tableWarnings(disk, tables);
      const ofTable = ownDisk === undefined ? [] : ownTableWarnings(platform, ownDisk);
      const ofBoot = bootWarnings(boot, volume.record, twins);
      return [...ofBoot, ...ofTable.filter(({ code }) => ofBoot.every((each) => each.code !== code))];
    };
    return await use({ path, volume, running, inUse, warnings });
  } finally {
    disk.close();
  }
}

/**
 * Opens the volume for writing when the slot that is meant is on trial, else for reading: nothing is written about another one,
 * so it needs neither the writer's lock nor a disk that takes writes.
 */
export async function withVolumeOfTrial<Value>(
  platform: Platform,
  place: VolumePlace,
  slotOf: (open: OpenVolume) => Slot,
  use: (open: OpenVolume, slot: Slot, trial: boolean) => Value | Promise<Value>,
): Promise<Value> {
  const trial = await withVolume(platform, place, 'read', (open) => slotOf(open).state === 'trial');
  return withVolume(platform, place, trial ? 'write' : 'read', (open) => {
    const slot = slotOf(open);
    return use(open, slot, trial && slot.state === 'trial');
  });
}

/** Where the volume is that this machine was started from. `VOLUME_NOT_FOUND`, `VOLUME_AMBIGUOUS`. */
export function runningVolume(platform: Platform, partitionUuid: string | undefined): FoundPartition {
  if (partitionUuid !== undefined) return findPartition(platform, partitionUuid);
  throw new UpdaterError(
    'VOLUME_NOT_FOUND',
    'Cannot find the volume: this machine was not started from one',
    {
      hint: 'Name it: --volume disk.img.',
    },
  );
}
