/** Bad bytes where a test wants them. */
import { BLOCK_SIZE, readDescriptor, type Volume } from '@cocon-os/sdfs';

/** Turns over one bit in the middle of a file of a slot. Files here are of one extent. */
export function damageFile(volume: Volume, slot: number, name: string): void {
  const { files } = readDescriptor(volume.device, volume.superblock, volume.slot(slot));
  const file = files.find((each) => each.name === name);
  const start = file?.extents[0]?.start;
  if (file === undefined || start === undefined) throw new Error(`slot ${String(slot)} has no file ${name}`);
  flipBit(volume, start * BLOCK_SIZE + Math.floor(file.size / 2));
}

/** Turns over one bit of the byte at `offset`. */
function flipBit(volume: Volume, offset: number): void {
  const block = new Uint8Array(BLOCK_SIZE);
  const within = offset % BLOCK_SIZE;
  volume.device.read(offset - within, block);
  block[within] = (block[within] ?? 0) ^ 1;
  volume.device.write(offset - within, block);
  volume.device.flush();
}
