/** What a device holds before it is formatted, in a few words. */
import type { BlockDevice } from '../block-device.ts';
import { readTables } from '../gpt/disk-tables.ts';
import { Volume } from '../volume.ts';
import { orUndefined } from './or-undefined.ts';

/** How far in something must lie for a device to count as used: boot sectors, and superblocks of common file systems. */
const LOOKED_AT = 2 ** 20;

/** `undefined` when there is nothing. */
export function describeContents(device: BlockDevice): string | undefined {
  const volume = orUndefined(() => Volume.open(device));
  if (volume !== undefined) {
    const { label, volumeUuid } = volume.superblock;
    const live = volume.liveSlots().length;
    return `the SDFS volume ${label === '' ? volumeUuid : `"${label}"`} with ${live} of ${volume.superblock.slotCount} slots in use`;
  }
  const found = readTables(device);
  if (found !== undefined)
    return `a partition table with ${found.partitions.length + found.cut.length} partitions`;
  const start = new Uint8Array(Math.min(LOOKED_AT, device.sizeBytes));
  device.read(0, start);
  return start.some((byte) => byte !== 0) ? 'data that is no SDFS volume' : undefined;
}
