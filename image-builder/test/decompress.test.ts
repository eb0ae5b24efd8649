/** Layers as other programs compress them. */
import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { BuilderError } from '../src/errors.ts';
import { decompress, DEFAULT_LIMITS } from '../src/oci/decompress.ts';

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}

const LAYER = { name: 'layer', size: 1 };

/** What a zstd blob that comes in pieces of `length` bytes decompresses to. */
async function plain(blob: Uint8Array, length: number): Promise<string> {
  const layer = { name: 'layer', size: blob.length };
  const pieces: Uint8Array[] = [];
  for await (const piece of decompress(inPieces(blob, length), 'zstd', layer, DEFAULT_LIMITS, 0)) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('latin1');
}

/** Bytes that zstd cannot make small. */
function noise(seed: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 64)
    createHash('sha512').update(`${seed}${at}`).digest().copy(bytes, at);
  return bytes;
}

/** A frame that readers pass over (RFC 8878, section 3.1.2): zstd:chunked puts its table of contents into one. */
function skippable(content: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x18_4d_2a_50, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, Buffer.from(content, 'latin1')]);
}

const [first, second] = [noise('first', 300_000), noise('second', 200_001)];
const frames = [zstdCompressSync(first), zstdCompressSync(second)] as const;
const BOTH = Buffer.concat([first, second]).toString('latin1');

describe('decompress() of zstd', () => {
  it.each([1013, 65_536, frames[0].length, 2 ** 20])(
    'reads one frame behind the other, in pieces of %i bytes',
    async (length) => {
      expect((await plain(Buffer.concat(frames), length)) === BOTH).toBe(true);
    },
  );

  it.each([7, 2 ** 20])('passes over skippable frames, in pieces of %i bytes', async (length) => {
    const [one, two] = [zstdCompressSync('one'), zstdCompressSync('two')];
    const blob = Buffer.concat([skippable('head'), one, skippable('between'), two, skippable('end')]);
    expect(await plain(blob, length)).toBe('onetwo');
  });

  it.each([3, 2 ** 20])('refuses what is no frame behind one, in pieces of %i bytes', async (length) => {
    const blob = Buffer.concat([zstdCompressSync('one'), Buffer.from('no frame')]);
    await expect(plain(blob, length)).rejects.toMatchObject({ code: 'LAYER_CORRUPT' });
  });

  it('refuses a second frame that is cut off', async () => {
    const blob = Buffer.concat(frames).subarray(0, -100);
    await expect(plain(blob, 2 ** 20)).rejects.toMatchObject({ code: 'LAYER_TRUNCATED' });
  });

  it('hands on the error of the blob as it is', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(frames[0].subarray(0, 1000));
      throw new BuilderError('BLOB_UNREADABLE', 'Cannot read', {});
    }
    const read = async (): Promise<void> => {
      for await (const piece of decompress(broken(), 'zstd', LAYER, DEFAULT_LIMITS, 0)) void piece;
    };
    await expect(read()).rejects.toMatchObject({ code: 'BLOB_UNREADABLE' });
  });

  it('stops in the middle of what one piece expands to, and lets go of the blob', async () => {
    let isClosed = false;
    const blob = zstdCompressSync(Buffer.alloc(2 ** 28));
    async function* bomb(): AsyncGenerator<Uint8Array> {
      try {
        yield await Promise.resolve(blob);
        yield await Promise.resolve(new Uint8Array(1));
      } finally {
        isClosed = true;
      }
    }
    let seen = 0;
    const limits = { ...DEFAULT_LIMITS, totalBytes: 2 ** 20 };
    const read = async (): Promise<void> => {
      for await (const piece of decompress(bomb(), 'zstd', LAYER, limits, 0)) {
        seen += piece.length;
      }
    };
    const before = process.memoryUsage().arrayBuffers;
    await expect(read()).rejects.toMatchObject({ code: 'LAYER_BOMB' });
    expect(seen).toBeLessThanOrEqual(2 ** 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
    expect(isClosed).toBe(true);
  });
});
