/** A part of a device, for example a partition, as a device of its own. */
import type { BlockDevice } from './block-device.ts';
import { SdfsError } from './errors.ts';

/** The `sizeBytes` bytes of `device` from `offset`. Closing the window closes the device. */
export function windowDevice(
  device: BlockDevice,
  offset: number,
  sizeBytes: number,
  name: string,
): BlockDevice {
  const place = (action: string, at: number, length: number): number => {
    if (at >= 0 && at + length <= sizeBytes) return offset + at;
    throw new SdfsError(
      'SDFS_IO',
      `Cannot ${action} ${length} bytes at byte ${at} of "${name}": it has ${sizeBytes}`,
      {
        facts: { offset: at, actual: sizeBytes },
      },
    );
  };
  return {
    name,
    sizeBytes,
    sectorSize: device.sectorSize,
    read: (at, into) => device.read(place('read', at, into.length), into),
    write: (at, bytes) => device.write(place('write', at, bytes.length), bytes),
    flush: () => device.flush(),
    dropCaches: () => device.dropCaches(),
    close: () => device.close(),
  };
}
