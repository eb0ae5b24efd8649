/** Disk images with a real partition table, written by sfdisk. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync } from 'node:fs';

import { locateVolume, PARTITION_TYPE, type Volume } from '@cocon-os/sdfs';
import { openFileDevice } from '@cocon-os/sdfs/node';

import { formatVolume, VOLUME_BYTES } from './volume.ts';

/** Of the partition that holds the volume. */
export const VOLUME_PARTITION_UUID = 'd0000000-0000-4000-8000-000000000002';

const SECTOR = 512;
const ESP_TYPE = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const START = 2048;
const VOLUME_SECTORS = VOLUME_BYTES / SECTOR;

/** What a test may want different. */
export interface DiskWish {
  /** UUID of the volume's partition. */
  readonly uuid?: string;
  /** Number of SDFS partitions. */
  readonly volumes?: number;
}

/** Writes a disk image: an EFI system partition, then the SDFS partitions, numbered from 2. */
export function diskImage(path: string, { uuid = VOLUME_PARTITION_UUID, volumes = 1 }: DiskWish = {}): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, (2 * START + VOLUME_SECTORS * volumes + START) * SECTOR);
  closeSync(file);
  const partitions = Array.from({ length: volumes }, (_, index) => {
    const start = 2 * START + index * VOLUME_SECTORS;
    const id = index === 0 ? uuid : `d0000000-0000-4000-8000-0000000000a${index}`;
    return `start=${start}, size=${VOLUME_SECTORS}, type=${PARTITION_TYPE}, uuid=${id}`;
  });
  const script = ['label: gpt', `start=${START}, size=${START}, type=${ESP_TYPE}`, ...partitions].join('\n');
  execFileSync('sfdisk', ['--quiet', path], { input: script });
}

/** Formats the SDFS partition `number` and hands over the volume. */
export function formatPartition(
  path: string,
  number: number,
  use: (volume: Volume) => void = () => {},
): void {
  const disk = openFileDevice(path, 'write');
  try {
    use(formatVolume(locateVolume(disk, number).device));
  } finally {
    disk.close();
  }
}
