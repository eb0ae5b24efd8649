/**
 * The decompressed layers one behind the other in one temporary file, which has no name and
 * vanishes with the process.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ScratchError } from '@cocon-os/cli/disk-room';

const PIECE = 2 ** 20;

/** Bytes that were appended and can be read again anywhere. */
export class Spool {
  readonly #file: number;
  #size = 0;

  /**
   * Creates it in `directory` (default: that of TMPDIR), which needs room for the image's layers,
   * decompressed. Throws {@link ScratchError}, as {@link append} does.
   */
  constructor(directory: string = tmpdir()) {
    let place: string | undefined;
    try {
      place = mkdtempSync(join(directory, 'cocon-'));
      this.#file = openSync(join(place, 'layers'), 'wx+', 0o600);
    } catch (cause) {
      throw new ScratchError(cause);
    } finally {
      if (place !== undefined) rmSync(place, { recursive: true, force: true });
    }
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += this.#write(bytes, done);
    }
    this.#size += bytes.length;
  }

  #write(bytes: Uint8Array, from: number): number {
    try {
      return writeSync(this.#file, bytes, from, bytes.length - from, this.#size + from);
    } catch (cause) {
      throw new ScratchError(cause);
    }
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
