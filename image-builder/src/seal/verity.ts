/**
 * The dm-verity hash tree of a root file system (FORMAT.md §6.1): version 1, SHA-256, data and hash blocks of 4096 bytes,
 * empty salt, no superblock, levels from the root downwards.
 *
 * The tree is kept in memory while it grows: 8 MiB for a root file system of 1 GiB.
 */
import { hash } from 'node:crypto';
import { open, writeFile, type FileHandle } from 'node:fs/promises';

import { inScratch } from '@cocon-os/cli/disk-room';

import { BuilderError } from '../errors.ts';

/** A tree that was written. */
export interface VerityTree {
  readonly sizeBytes: number;
  /** SHA-256 of the top block, 64 hexadecimal digits. */
  readonly rootHash: string;
}

const BLOCK = 4096;
const DIGEST = 32;
const PIECE = 1024 * BLOCK;

/**
 * Writes the tree of the file `data` to the temporary file `output`. `onProgress` hears the bytes hashed and the whole.
 * Throws `ROOTFS_TOO_SMALL` for a file of one block or none, which has no tree.
 */
export async function writeVerityTree(
  data: string,
  output: string,
  onProgress: (done: number, total: number) => void,
): Promise<VerityTree> {
  const file = await open(data);
  try {
    const { size } = await file.stat();
    if (size % BLOCK !== 0) throw new Error(`${data} has ${size} bytes, which is no multiple of ${BLOCK}`);
    if (size <= BLOCK) {
      throw new BuilderError(
        'ROOTFS_TOO_SMALL',
        `Cannot protect the root file system: it has ${size} bytes, wanted more than ${BLOCK}`,
        {
          hint: 'Is the image empty but for its kernel? Set seal.rootfs to false in cocon.config.ts for a release without one.',
        },
      );
    }
    const levels = [await hashFile(file, size, onProgress)];
    for (let below = levels[0]; below !== undefined && below.length > BLOCK; below = levels[0]) {
      levels.unshift(hashBlocks(below, below.length));
    }
    await inScratch(() => writeFile(output, levels));
    return {
      sizeBytes: levels.reduce((sum, level) => sum + level.length, 0),
      rootHash: hash('sha256', levels[0] ?? new Uint8Array(), 'hex'),
    };
  } finally {
    await file.close();
  }
}

async function hashFile(
  file: FileHandle,
  size: number,
  onProgress: (done: number, total: number) => void,
): Promise<Buffer> {
  const level = newLevel(size);
  const piece = Buffer.allocUnsafe(PIECE);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE, size - done), done);
    if (bytesRead === 0 || bytesRead % BLOCK !== 0)
      throw new Error(`the root file system changed while it was read, at ${done}`);
    hashInto(piece, bytesRead, level, (done / BLOCK) * DIGEST);
    done += bytesRead;
    onProgress(done, size);
  }
  return level;
}

function hashBlocks(bytes: Buffer, size: number): Buffer {
  const level = newLevel(size);
  hashInto(bytes, size, level, 0);
  return level;
}

function hashInto(bytes: Buffer, size: number, level: Buffer, at: number): void {
  for (let offset = 0; offset < size; offset += BLOCK) {
    hash('sha256', bytes.subarray(offset, offset + BLOCK), 'buffer').copy(
      level,
      at + (offset / BLOCK) * DIGEST,
    );
  }
}

/** Room for the digests of `size` bytes, in whole blocks; what is not used stays zero. */
function newLevel(size: number): Buffer {
  return Buffer.alloc(Math.ceil(((size / BLOCK) * DIGEST) / BLOCK) * BLOCK);
}
