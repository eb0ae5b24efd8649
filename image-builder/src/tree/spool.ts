/** The decompressed layers one behind the other in one temporary file, which has no name and vanishes with the process. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE = 2 ** 20;

/** Bytes that were appended and can be read again anywhere. */
export class Spool {
  readonly #file: number;
  #size = 0;

  /** Creates it in `directory` (default: that of TMPDIR), which needs room for the image's layers, decompressed. */
  constructor(directory: string = tmpdir()) {
    const place = mkdtempSync(join(directory, 'cocon-'));
    try {
      this.#file = openSync(join(place, 'layers'), 'wx+', 0o600);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#size + done);
    }
    this.#size += bytes.length;
  }

  /** `length` bytes from `offset`, all of which were appended before. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#file, bytes, done, length - done, offset + done);
      if (count === 0) throw new Error(`the spool ends at ${offset + done}`);
      done += count;
    }
    return bytes;
  }

  /** The same, in pieces of at most 1 MiB. */
  *pieces(offset: number, length: number): Generator<Buffer> {
    for (let done = 0; done < length; done += PIECE)
      yield this.read(offset + done, Math.min(PIECE, length - done));
  }

  close(): void {
    closeSync(this.#file);
  }
}
