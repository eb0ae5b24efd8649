/**
 * Goes through a tar stream and reports each header with the place of its data; the data itself is passed over.
 *
 * Names are byte strings (one character per byte), for a tar name need not be UTF-8.
 */
import { extract, type Header } from 'tar-stream';

/** A header as tar-stream hands it over, with the place of its data in the stream. */
export interface ScannedHeader {
  readonly name: string;
  readonly type: Header['type'] | null;
  readonly linkname: string | null;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Date;
  readonly devmajor: number;
  readonly devminor: number;
  /** First byte of the data, from the start of the stream. */
  readonly byteOffset: number;
}

/** What a tar stream breaks. */
export class TarError extends Error {
  readonly kind: 'header' | 'truncated';

  constructor(kind: 'header' | 'truncated', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How an archive that ends too early is described. */
export const MISSING_END = 'it ends in the middle of a file or before the end-of-archive mark';

const BLOCK = 512;
const HIGH_WATER_MARK = 2 ** 20;
/** Apart from the call, for tar-stream's types leave these options out. */
const PARSER_OPTIONS = { filenameEncoding: 'latin1', allowUnknownFormat: true };

/**
 * Feeds `pieces` through and calls `visit` for each entry, at the moment when all bytes before its data have been fed.
 * Returns the number of entries. With `requireEnd` the end-of-archive mark must be there; layers of some writers lack it,
 * and the last file's padding.
 * Throws {@link TarError}, and whatever `pieces` or `visit` throw.
 */
export async function scanTar(
  pieces: AsyncIterable<Uint8Array>,
  visit: (header: ScannedHeader) => void,
  { requireEnd = false } = {},
): Promise<number> {
  const parser = extract({ ...PARSER_OPTIONS, highWaterMark: HIGH_WATER_MARK });
  let entries = 0;
  let dataEnd = 0;
  let failure: { readonly thrown: unknown } | undefined;
  let wake: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => parser.on('close', () => resolve()));
  const fail = (thrown: unknown): void => {
    failure ??= { thrown };
    wake?.();
  };
  parser.on('entry', (header, data, next) => {
    entries += 1;
    try {
      if (!isScanned(header)) throw new TypeError('tar-stream gave a header without a place');
      dataEnd = header.byteOffset + (header.type === 'directory' ? 0 : header.size);
      visit(header);
    } catch (thrown) {
      fail(thrown);
    }
    data.on('error', fail);
    // A directory has no data whatever its header says; tar-stream would wait for the end of it for ever.
    if (header.type === 'directory') return queueMicrotask(() => next());
    data.on('end', () => next());
    data.resume();
  });
  parser.on('error', (thrown: Error) => fail(explain(thrown, entries)));
  parser.on('drain', () => wake?.());

  const tail = new Tail();
  try {
    for await (const piece of pieces) {
      tail.push(piece);
      if (!parser.write(piece) && failure === undefined) {
        const drained = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([drained, closed]);
      }
      if (failure !== undefined) throw failure.thrown;
    }
    parser.end(undefined);
    await closed;
    // umoci's insert ends a layer right behind the last file's bytes, and every reader takes it.
    const lacksPadding = !requireEnd && tail.total >= dataEnd && tail.total < alignUp(dataEnd);
    if (failure !== undefined && !(lacksPadding && isTruncation(failure.thrown))) throw failure.thrown;
    if (requireEnd && entries > 0 && !tail.isZero()) throw new TarError('truncated', MISSING_END);
    return entries;
  } finally {
    parser.on('error', () => {});
    parser.destroy(null);
  }
}

/** tar-stream fills in more than its types tell: the place, and `null` for a type that it does not know. */
function isScanned(header: object): header is ScannedHeader {
  return 'byteOffset' in header && typeof header.byteOffset === 'number';
}

function explain(thrown: Error, entries: number): TarError {
  if (thrown.message === 'Unexpected end of data') {
    return new TarError('truncated', MISSING_END);
  }
  return entries === 0
    ? new TarError('header', 'its first block is no tar header')
    : new TarError('header', `the header behind entry ${entries} is damaged (${thrown.message})`);
}

function isTruncation(thrown: unknown): boolean {
  return thrown instanceof TarError && thrown.kind === 'truncated';
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

/** Remembers the last block: an archive ends with blocks of zeros. */
class Tail {
  #bytes: Uint8Array = new Uint8Array();
  /** Bytes of the whole stream so far. */
  total = 0;

  push(piece: Uint8Array): void {
    this.total += piece.length;
    this.#bytes =
      piece.length >= BLOCK ? piece.slice(-BLOCK) : Buffer.concat([this.#bytes, piece]).subarray(-BLOCK);
  }

  isZero(): boolean {
    return this.#bytes.length === BLOCK && this.#bytes.every((byte) => byte === 0);
  }
}
