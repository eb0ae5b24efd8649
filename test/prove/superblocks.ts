/** Superblocks changed on a disk in memory, with good checksums. */
import { LIMITS, structureCrc, SUPERBLOCK } from '@cocon-os/sdfs';

import type { Blocks } from './blocks-device.ts';

const { crc } = SUPERBLOCK.fields;

function crcOf(view: DataView): number {
  return structureCrc(new Uint8Array(view.buffer, view.byteOffset, LIMITS.SUPERBLOCK_SIZE), crc);
}

/** Whether the checksum of a copy is right. */
export function isWhole(view: DataView): boolean {
  return crcOf(view) === view.getUint32(crc.offset, true);
}

/** Both copies of the superblock changed, wherever there is one that is meant. */
export function withSuperblocks(
  blocks: Blocks,
  change: (view: DataView) => void,
  isMeant: (view: DataView) => boolean = () => true,
): Blocks {
  const next = blocks.slice();
  for (const block of [0, blocks.length - 1]) {
    const bytes = next[block]?.slice();
    if (bytes === undefined) continue;
    const view = new DataView(bytes.buffer);
    if (!isMeant(view)) continue;
    change(view);
    view.setUint32(crc.offset, crcOf(view), true);
    next[block] = bytes;
  }
  return next;
}
