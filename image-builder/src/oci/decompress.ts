/** A layer's tar stream out of its blob, with a guard against bombs. */
import { Readable, pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress, type ZstdDecompress } from 'node:zlib';

import { formatBytes } from '@cocon-os/cli';

import { BuilderError, isSystemError } from '../errors.ts';
import type { Compression } from './media-types.ts';

/** What an image may cost before it is taken for a bomb. */
export interface Limits {
  /** Decompressed bytes of all layers together. */
  readonly totalBytes: number;
  /** Decompressed bytes for each compressed byte of a layer, once it is larger than 64 MiB. */
  readonly ratio: number;
  /** Entries of all layers together. */
  readonly entries: number;
}

/** Generous for any operating system that is meant to be small. */
export const DEFAULT_LIMITS: Limits = { totalBytes: 16 * 2 ** 30, ratio: 200, entries: 1_000_000 };

/** Below this size no ratio is suspicious: a layer of one sparse file may compress by 1000. */
const RATIO_FREE_BYTES = 64 * 2 ** 20;

/** Decompresses `blob`; `spent` are the bytes that earlier layers came to. Throws `LAYER_BOMB`, `LAYER_CORRUPT`, `LAYER_TRUNCATED`. */
export async function* decompress(
  blob: AsyncIterable<Uint8Array>,
  compression: Compression,
  layer: { readonly name: string; readonly size: number },
  limits: Limits,
  spent: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of plainBytes(blob, compression, layer.name)) {
    size += piece.length;
    if (spent + size > limits.totalBytes) {
      throw bomb(layer.name, `its image comes to more than ${formatBytes(limits.totalBytes)}`);
    }
    if (size > RATIO_FREE_BYTES && size > layer.size * limits.ratio) {
      throw bomb(layer.name, `${formatBytes(layer.size)} expand to more than ${limits.ratio} times as much`);
    }
    yield piece;
  }
}

async function* plainBytes(
  blob: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* blob;
    return;
  }
  try {
    yield* compression === 'gzip' ? gunzipped(blob) : zstdFrames(blob);
  } catch (thrown) {
    if (thrown instanceof BuilderError) throw thrown;
    if (
      isSystemError(thrown, 'Z_BUF_ERROR') ||
      (thrown instanceof Error && /unexpected end/i.test(thrown.message))
    ) {
      throw new BuilderError(
        'LAYER_TRUNCATED',
        `Cannot decompress layer ${name}: its ${compression} stream ends too early`,
        {
          cause: thrown,
          hint: 'The layer was cut off before its digest was taken. Build the image again.',
        },
      );
    }
    throw new BuilderError(
      'LAYER_CORRUPT',
      `Cannot decompress layer ${name}: it is no valid ${compression} stream`,
      {
        cause: thrown,
        hint: 'The media type and the bytes disagree, or the layer is broken. Build the image again.',
      },
    );
  }
}

async function* gunzipped(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip();
  // An error of the blob, such as a wrong digest, is handed on by the pipeline and comes out of the loop below.
  pipeline(Readable.from(blob), decoder, () => {});
  for await (const piece of decoder) yield piece;
}

/** zstd streams are frames one behind the other (RFC 8878, section 3); Node's decoder ends with the first of them. */
async function* zstdFrames(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = blob[Symbol.asyncIterator]();
  try {
    let rest: Uint8Array | undefined = new Uint8Array();
    while (rest !== undefined) {
      const decoder = createZstdDecompress();
      const fed = feed(decoder, rest, pieces);
      fed.catch((error: unknown) =>
        decoder.destroy(error instanceof Error ? error : new Error(String(error))),
      );
      for await (const piece of decoder) yield piece;
      rest = await fed;
    }
  } finally {
    await pieces.return?.();
  }
}

/** Writes to a decoder until it takes no more, and gives the rest; `undefined` when the blob is over. */
async function feed(
  decoder: ZstdDecompress,
  begin: Uint8Array,
  pieces: AsyncIterator<Uint8Array>,
): Promise<Uint8Array | undefined> {
  let piece = begin;
  for (;;) {
    const before = decoder.bytesWritten;
    await written(decoder, piece);
    const taken = decoder.bytesWritten - before;
    if (taken < piece.length) return piece.subarray(taken);
    const next = await pieces.next();
    if (next.done === true) break;
    piece = next.value;
  }
  decoder.end();
  return undefined;
}

function written(decoder: ZstdDecompress, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  decoder.write(piece, (error) => (error ? reject(error) : resolve()));
  return promise;
}

function bomb(layer: string, what: string): BuilderError {
  return new BuilderError('LAYER_BOMB', `Cannot unpack layer ${layer}: ${what}`, {
    hint: 'Do not trust this image. If it is meant to be that large, raise seal.limits in cocon.config.ts.',
  });
}
