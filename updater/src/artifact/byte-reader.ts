/** Exact lengths out of a source that hands over pieces as it likes, without copying the large ones. */
import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';

/** Reads a {@link ByteSource} in order. */
export class ByteReader {
  readonly #source: ByteSource;
  #piece: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes consumed so far. */
  get position(): number {
    return this.#position;
  }

  /** Whether the source is at its end. */
  async atEnd(): Promise<boolean> {
    if (this.#piece.length > 0) return false;
    const next = await this.#source.read();
    this.#piece = next ?? this.#piece;
    return next === undefined;
  }

  /** The next `length` bytes as pieces that are valid until the next one is asked for. */
  async *stream(length: number): AsyncGenerator<Uint8Array> {
    this.#expect(length);
    for (let left = length; left > 0; ) {
      if (await this.atEnd()) throw this.#truncated(left);
      const piece = this.#piece.subarray(0, left);
      this.#piece = this.#piece.subarray(piece.length);
      this.#position += piece.length;
      left -= piece.length;
      yield piece;
    }
  }

  /** The next `length` bytes in one array of their own. For small lengths that were checked against a limit. */
  async bytes(length: number): Promise<Uint8Array> {
    const whole = new Uint8Array(length);
    let filled = 0;
    for await (const piece of this.stream(length)) {
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  /** Passes over `length` bytes. */
  async skip(length: number): Promise<void> {
    const pieces = this.stream(length);
    while ((await pieces.next()).done !== true);
  }

  /** Refuses a length that lies beyond the end of a source of known size, before anything is read for it. */
  #expect(length: number): void {
    const { sizeBytes } = this.#source;
    if (sizeBytes !== undefined && length > sizeBytes - this.#position) {
      throw this.#truncated(length - (sizeBytes - this.#position));
    }
  }

  #truncated(missing: number): UpdaterError {
    return new UpdaterError(
      'ARTIFACT_TRUNCATED',
      `Cannot read ${this.#source.name}: the archive ends ${missing} bytes too early`,
      {
        hint: 'Fetch it again; the copy is not complete.',
        facts: { position: this.#position, missing },
      },
    );
  }
}
