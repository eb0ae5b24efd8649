/** An artifact's file as the source of bytes that staging reads from. */
import { open } from 'node:fs/promises';

import type { ByteSource } from '@cocon-os/updater';

import { BuilderError } from '../errors.ts';

const PIECE = 2 ** 20;

/** Opens the file at `path`. Throws `INPUT_NOT_FOUND`. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const file = await open(path).catch((cause: unknown) => {
    throw new BuilderError(
      'INPUT_NOT_FOUND',
      `Cannot open release "${path}": ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'Give the file that cocon seal wrote.',
        cause,
      },
    );
  });
  const { size } = await file.stat();
  const readAt = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error(`"${path}" became shorter while it was read`);
      done += bytesRead;
    }
    return bytes;
  };
  let position = 0;
  return {
    name: path,
    sizeBytes: size,
    async read() {
      const length = Math.min(PIECE, size - position);
      if (length === 0) return undefined;
      position += length;
      return readAt(position - length, length);
    },
    readAt,
    close() {
      void file.close();
    },
  };
}
