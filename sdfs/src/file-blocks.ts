/** Reads a slot's files through their extents. */
import type { BlockDevice, Crypto } from './block-device.ts';
import type { Extent, SlotFile } from './descriptor.ts';
import { BLOCK_SIZE } from './format.ts';
import { toHex } from './hex.ts';

/** Bytes that are read or written at once: few calls on a host, little memory on a device. */
export const PIECE_SIZE = 2 ** 20;

/** A run of bytes on the device. */
export interface ByteRun {
  readonly offset: number;
  readonly length: number;
}

/** Where `length` bytes from `offset` of a file with these extents lie, in the order of the file. */
export function* byteRuns(extents: readonly Extent[], offset: number, length: number): Generator<ByteRun> {
  let skip = offset;
  let left = length;
  for (const extent of extents) {
    const bytes = extent.blocks * BLOCK_SIZE;
    if (skip < bytes && left > 0) {
      const run = Math.min(left, bytes - skip);
      yield { offset: extent.start * BLOCK_SIZE + skip, length: run };
      left -= run;
    }
    skip = Math.max(0, skip - bytes);
  }
}

/** Fills `into` with the bytes of a file from `offset`; the caller keeps within its size. */
export function readFileAt(device: BlockDevice, file: SlotFile, offset: number, into: Uint8Array): void {
  let at = 0;
  for (const run of byteRuns(file.extents, offset, into.length)) {
    device.read(run.offset, into.subarray(at, at + run.length));
    at += run.length;
  }
}

/** A whole file in pieces of at most 1 MiB. A piece is overwritten by the next one. */
export function* readPieces(device: BlockDevice, file: SlotFile): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(PIECE_SIZE, file.size));
  for (let offset = 0; offset < file.size; offset += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, file.size - offset));
    readFileAt(device, file, offset, part);
    yield part;
  }
}

/** SHA-256 of a file as it lies on the device, lower-case hexadecimal. `onBytes` hears of each piece. */
export function hashFile(
  device: BlockDevice,
  file: SlotFile,
  crypto: Crypto,
  onBytes: (bytes: number) => void = () => {},
): string {
  const hash = crypto.createSha256();
  for (const piece of readPieces(device, file)) {
    hash.update(piece);
    onBytes(piece.length);
  }
  return toHex(hash.digest());
}
