/** Size and SHA-256 of a release's file, as release.json states them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { inScratch } from '@cocon-os/cli/disk-room';

import type { RegularFile } from '../tree/inode.ts';
import type { Spool } from '../tree/spool.ts';

/** A file of a release, on this machine. */
export interface SealedFile {
  readonly path: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Hashes the file at `path`. */
export async function hashFile(
  path: string,
  onProgress: (done: number) => void = () => {},
): Promise<SealedFile> {
  const hash = createHash('sha256');
  let size = 0;
  const pieces: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 2 ** 20 });
  for await (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
    onProgress(size);
  }
  return { path, size, sha256: hash.digest('hex') };
}

/** Writes a file of the image to the temporary file `path`. */
export async function extractFile(spool: Spool, file: RegularFile, path: string): Promise<SealedFile> {
  await inScratch(() => writeFile(path, spool.pieces(file.offset, file.size), { mode: 0o600 }));
  return hashFile(path);
}
