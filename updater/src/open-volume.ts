/** Finds and opens the volume that a command is about, on a host and on a device. */
import { locateVolume, Volume } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import { findPartition } from './find-partition.ts';
import { readBootFacts } from './kernel-command-line.ts';
import type { Platform } from './platform.ts';

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
}

/** Opens the volume, hands it over, and closes it whatever happens. */
export async function withVolume<Value>(
  platform: Platform,
  place: VolumePlace,
  mode: 'read' | 'write',
  use: (open: OpenVolume) => Value | Promise<Value>,
): Promise<Value> {
  const boot = readBootFacts(platform);
  const path = place.volume ?? pathOfRunningVolume(platform, boot.partitionUuid);
  const disk = platform.openDevice(path, mode);
  try {
    const volume = Volume.open(locateVolume(disk, place.partition).device);
    const inUse = volume.record.slots.find(
      (slot) => slot.index === boot.slot && slot.state !== 'empty' && slot.releaseDigest === boot.release,
    )?.index;
    return await use({ path, volume, running: place.volume === undefined ? inUse : undefined, inUse });
  } finally {
    disk.close();
  }
}

function pathOfRunningVolume(platform: Platform, partitionUuid: string | undefined): string {
  if (partitionUuid !== undefined) return findPartition(platform, partitionUuid);
  throw new UpdaterError(
    'VOLUME_NOT_FOUND',
    'Cannot find the volume: this machine was not started from one',
    {
      hint: 'Name it: --volume disk.img.',
    },
  );
}
