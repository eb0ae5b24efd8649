/** Exact lengths out of a source that hands over pieces as it likes, without copying the large ones. */
import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';

/** Bytes asked for at once where contents are wanted, and where a header is. */
const PIECE = 1_048_576;
const SMALL_PIECE = 4096;

/** Reads a {@link ByteSource} from its beginning: in order, or with `seek` by ranges, so that skipping costs nothing. */
export class ByteReader {
  readonly #source: ByteSource;
  readonly #readAt: ByteSource['readAt'];
  #piece: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(source: ByteSource, seek = false) {
    this.#source = source;
    this.#readAt = seek ? source.readAt : undefined;
  }

  /** Bytes consumed so far. */
  get position(): number {
    return this.#position;
  }

  /** The next `length` bytes as pieces that are valid until the next one is asked for. */
  async *stream(length: number): AsyncGenerator<Uint8Array> {
    this.#expect(length);
    for (let left = length; left > 0;) {
      if (!(await this.#fill(Math.min(left, PIECE)))) throw this.#truncated(left);
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
    if (this.#readAt === undefined) {
      const pieces = this.stream(length);
      while ((await pieces.next()).done !== true);
      return;
    }
    this.#expect(length);
    this.#position += length;
    this.#piece = this.#piece.subarray(length);
  }

  /** Makes sure that there is a piece, whether `wanted` bytes long or not. False at the end. */
  async #fill(wanted: number): Promise<boolean> {
    if (this.#piece.length > 0) return true;
    const left = (this.#source.sizeBytes ?? 0) - this.#position;
    const next =
      this.#readAt === undefined
        ? await this.#source.read()
        : left > 0
          ? await this.#readAt(this.#position, Math.min(Math.max(wanted, SMALL_PIECE), left))
          : undefined;
    this.#piece = next ?? this.#piece;
    return next !== undefined;
  }

  /** Refuses a length that lies beyond the end of a source of known size, before anything is read for it. */
  #expect(length: number): void {
    const { sizeBytes } = this.#source;
    const left = sizeBytes === undefined ? length : sizeBytes - this.#position;
    if (length > left) throw this.#truncated(length - left);
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
