/** A path as a {@link ByteSource}. A regular file is read synchronously, for nothing else goes on in this process. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';

import { messageOf } from '@cocon-os/cli';

import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';
import { streamSource } from './stream-source.ts';

const PIECE = 1_048_576;

/** Opens `path`, once: whoever writes into a named pipe is cut off when its reader closes it. */
export function openFileSource(path: string): ByteSource {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new UpdaterError(
      missing ? 'SOURCE_NOT_FOUND' : 'SOURCE_IO',
      `Cannot open ${path}: ${messageOf(cause)}`,
      {
        hint: 'Give the path of an image.oci, an http:// URL, or - for standard input.',
        cause,
      },
    );
  }
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return fileSource(path, descriptor, stats.size);
  if (!stats.isDirectory()) return streamSource(path, createReadStream(path, { fd: descriptor }));
  closeSync(descriptor);
  throw new UpdaterError('SOURCE_IO', `Cannot read ${path}: it is a directory, and an image is one file`, {
    hint: 'Make an archive of an OCI layout: tar -C layout -cf image.oci oci-layout index.json blobs.',
  });
}

/** An open regular file. */
export function fileSource(name: string, descriptor: number, sizeBytes: number): ByteSource {
  const buffer = new Uint8Array(PIECE);
  let position = 0;
  const fill = (into: Uint8Array, offset: number): Uint8Array => {
    let filled = 0;
    while (filled < into.length) {
      const length = readOnce(name, descriptor, into.subarray(filled), offset + filled);
      if (length === 0) throw short(name, offset + filled, sizeBytes);
      filled += length;
    }
    return into;
  };
  return {
    name,
    sizeBytes,
    read() {
      const piece = buffer.subarray(0, Math.min(PIECE, sizeBytes - position));
      if (piece.length === 0) return Promise.resolve(undefined);
      fill(piece, position);
      position += piece.length;
      return Promise.resolve(piece);
    },
    readAt: (offset, length) => Promise.resolve(fill(new Uint8Array(length), offset)),
    close: () => closeSync(descriptor),
  };
}

function readOnce(name: string, descriptor: number, into: Uint8Array, offset: number): number {
  try {
    return readSync(descriptor, into, 0, into.length, offset);
  } catch (cause) {
    throw new UpdaterError('SOURCE_IO', `Cannot read ${name}: ${messageOf(cause)}`, { cause });
  }
}

/** A source that ended before its size. */
export function short(name: string, found: number, wanted: number): UpdaterError {
  return new UpdaterError('SOURCE_SHORT', `Cannot read ${name}: it ended after ${found} bytes of ${wanted}`, {
    hint: 'Try again; nothing was lost.',
    facts: { found, wanted },
  });
}
