/** Writes one file of a slot as its bytes arrive: in large pieces, hashed once on the way in. */
import type { BlockDevice, Crypto, Sha256 } from './block-device.ts';
import type { SlotFile } from './descriptor.ts';
import { SdfsError } from './errors.ts';
import { byteRuns, PIECE_SIZE } from './file-blocks.ts';
import { BLOCK_SIZE } from './format.ts';
import { toHex } from './hex.ts';

/** A file in the making. Its bytes are written in order. */
export class FileWriter {
  readonly file: SlotFile;
  readonly #device: BlockDevice;
  readonly #hash: Sha256;
  readonly #piece: Uint8Array;
  /** Bytes in `#piece`, and bytes of the file before them. */
  #filled = 0;
  #written = 0;
  #closed = false;

  constructor(device: BlockDevice, file: SlotFile, crypto: Crypto) {
    this.file = file;
    this.#device = device;
    this.#hash = crypto.createSha256();
    this.#piece = new Uint8Array(Math.min(PIECE_SIZE, Math.ceil(file.size / BLOCK_SIZE) * BLOCK_SIZE));
  }

  /** Whether {@link close} has found the file whole. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes the next bytes; they may be reused as soon as this returns. Throws `FILE_BAD_HASH` when there are too many. */
  write(bytes: Uint8Array): void {
    if (this.#closed || this.#written + this.#filled + bytes.length > this.file.size) {
      throw this.#refuse(`it goes on after ${this.file.size} bytes`);
    }
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(bytes.length - at, this.#piece.length - this.#filled);
      this.#piece.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#piece.length) this.#drain();
    }
  }

  /** The file is whole. Throws `FILE_BAD_HASH` when it is shorter than, or not, what the release names. */
  close(): void {
    const size = this.#written + this.#filled;
    if (size !== this.file.size)
      throw this.#refuse(`it ends after ${size} bytes, expected ${this.file.size}`);
    this.#drain();
    const actual = toHex(this.#hash.digest());
    if (actual !== this.file.sha256)
      throw this.#refuse(`its SHA-256 is ${actual}, expected ${this.file.sha256}`);
    this.#closed = true;
  }

  /** Writes what has gathered, the last block padded with zeros. */
  #drain(): void {
    const whole = Math.ceil(this.#filled / BLOCK_SIZE) * BLOCK_SIZE;
    this.#piece.fill(0, this.#filled, whole);
    let at = 0;
    for (const run of byteRuns(this.file.extents, this.#written, whole)) {
      this.#device.write(run.offset, this.#piece.subarray(at, at + run.length));
      at += run.length;
    }
    this.#written += this.#filled;
    this.#filled = 0;
  }

  #refuse(fault: string): SdfsError {
    return new SdfsError('FILE_BAD_HASH', `Cannot stage "${this.file.name}": ${fault}`, {
      hint: 'The file is not the one that was signed; fetch the release again. The slot that it was meant for stays empty.',
      facts: { file: this.file.name, expected: this.file.sha256 },
    });
  }
}
