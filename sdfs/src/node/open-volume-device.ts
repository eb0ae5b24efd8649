/** Finds the volume in an image file, in a partition of a disk image, or on a block device. */
import type { BlockDevice } from '../block-device.ts';
import { locateVolume, type LocatedVolume } from '../locate-volume.ts';
import { openFileDevice, type OpenMode } from './file-device.ts';

/** Where a volume is. */
export interface PlacedVolume extends LocatedVolume {
  /** Where it begins on its medium, in bytes: a partition's place, in a disk image or of a partition's own node. */
  readonly startBytes: number;
  /** The disk or image file that was opened, of which the volume may be a partition. */
  readonly disk: BlockDevice;
}

/**
 * Opens the device that a volume is on. `partition` is the number of one in a disk image. Throws what
 * {@link openFileDevice} and {@link locateVolume} throw. Whether there is a volume is `Volume.open`'s question.
 */
export function openVolumeDevice(
  path: string,
  mode: OpenMode,
  options: { readonly partition?: number | undefined } = {},
): PlacedVolume {
  const device = openFileDevice(path, mode);
  try {
    const located = locateVolume(device, options.partition);
    return { ...located, disk: device, startBytes: device.startBytes + (located.partition?.offset ?? 0) };
  } catch (thrown) {
    device.close();
    throw thrown;
  }
}
