/** Finds the volume in an image file, in a partition of a disk image, or on a block device. */
import { locateVolume, type LocatedVolume } from '../gpt.ts';
import { openFileDevice, type OpenMode } from './file-device.ts';

/**
 * Opens the device that a volume is on. `partition` is the number of one in a disk image. Throws what
 * {@link openFileDevice} and {@link locateVolume} throw. Whether there is a volume is `Volume.open`'s question.
 */
export function openVolumeDevice(
  path: string,
  mode: OpenMode,
  options: { readonly partition?: number | undefined } = {},
): LocatedVolume {
  const device = openFileDevice(path, mode);
  try {
    return locateVolume(device, options.partition);
  } catch (thrown) {
    device.close();
    throw thrown;
  }
}
