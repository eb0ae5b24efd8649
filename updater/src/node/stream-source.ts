/** Standard input, or anything else that only comes in order, as a {@link ByteSource}. */
import { messageOf } from '@cocon-os/cli';

import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';

/** Wraps a Node stream of bytes. */
export function streamSource(
  name: string,
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
): ByteSource {
  const pieces = stream[Symbol.asyncIterator]();
  return {
    name,
    sizeBytes: undefined,
    async read() {
      try {
        for (;;) {
          const { value, done } = await pieces.next();
          if (done === true) return undefined;
          if (value.length > 0) return value;
        }
      } catch (cause) {
        throw new UpdaterError('SOURCE_IO', `Cannot read ${name}: ${messageOf(cause)}`, { cause });
      }
    },
    close: () => void stream.destroy(),
  };
}
