/** An artifact's file as the source of bytes that staging reads from. */
import { open } from 'node:fs/promises';

import { whyUnread } from '@cocon-os/cli';
import type { ByteSource } from '@cocon-os/updater';

import { BuilderError } from '../errors.ts';

const PIECE = 2 ** 20;

/** Opens the file at `path`. Throws `INPUT_NOT_FOUND`. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const cannotOpen = (why: string, cause?: unknown): BuilderError =>
    new BuilderError('INPUT_NOT_FOUND', `Cannot open release "${path}": ${why}`, {
      hint: 'Give the file that cocon seal wrote.',
      cause,
    });
  const file = await open(path).catch((cause: unknown) => {
    throw cannotOpen(whyUnread(cause), cause);
  });
  const stats = await file.stat();
  if (stats.isDirectory()) {
    await file.close();
    throw cannotOpen('it is a directory');
  }
  const { size } = stats;
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
