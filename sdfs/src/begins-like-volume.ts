/** Whether a device may be a volume, by its first bytes. */
import type { BlockDevice } from './block-device.ts';
import { BLOCK_SIZE, MAGIC } from './format.ts';
import { toHex } from './hex.ts';
import { tryRead } from './try-read.ts';

/** Whether it begins as superblock copy A does. */
export function beginsLikeVolume(device: BlockDevice): boolean {
  const start = new Uint8Array(8);
  return device.sizeBytes >= BLOCK_SIZE && tryRead(device, 0, start) && toHex(start) === MAGIC.superblock;
}
