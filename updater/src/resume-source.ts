/**
 * A download that breaks off goes on where it was, from a server that honours Range; so does what is fetched by range in the
 * first place, as an archive in another order is.
 *
 * Bounded: after each break some pieces must arrive before the tries run out, else the download has failed with the last
 * try's error. What arrives after a break is checked like all the rest, so a server that changed the file in between fails
 * by its digest.
 */
import { messageOf } from '@cocon-os/cli';

import { UpdaterError } from './errors.ts';
import type { ByteSource } from './platform.ts';

const PIECE = 1_048_576;
/**
 * Pauses before the tries to go on, in milliseconds: long enough together for a server or a router that restarts, and not so
 * long apart that an update on a bad line stands still.
 */
const PAUSES = [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000] as const;

/** What the source needs besides. */
export interface ResumeOptions {
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Hears before each try where it goes on, in bytes, and after which pause, in milliseconds. */
  readonly onBreak: (position: number, pause: number) => void;
}

/** The same source; one without ranges or without a length as it is. */
export function resumingSource(source: ByteSource, { sleep, onBreak }: ResumeOptions): ByteSource {
  const { readAt, sizeBytes } = source;
  if (readAt === undefined || sizeBytes === undefined) return source;
  let position = 0;
  let broken = false;

  const retry = async (at: number, length: number): Promise<Uint8Array> => {
    let last: unknown;
    for (const pause of PAUSES) {
      onBreak(at, pause);
      await sleep(pause);
      try {
        return await readAt(at, length);
      } catch (thrown) {
        if (!isBreak(thrown)) throw thrown;
        last = thrown;
      }
    }
    throw gaveUp(source.name, at, sizeBytes, last);
  };
  const pieceSize = (): number => Math.min(PIECE, sizeBytes - position);

  const next = async (): Promise<Uint8Array | undefined> => {
    try {
      if (!broken) return await source.read();
      return position < sizeBytes ? await readAt(position, pieceSize()) : undefined;
    } catch (thrown) {
      if (!isBreak(thrown)) throw thrown;
      broken = true;
      return retry(position, pieceSize());
    }
  };
  return {
    name: source.name,
    sizeBytes,
    async read() {
      const piece = await next();
      position += piece?.length ?? 0;
      return piece;
    },
    async readAt(offset, length) {
      try {
        return await readAt(offset, length);
      } catch (thrown) {
        if (!isBreak(thrown)) throw thrown;
        return retry(offset, length);
      }
    },
    close: () => source.close(),
  };
}

function isBreak(thrown: unknown): thrown is UpdaterError {
  return (
    thrown instanceof UpdaterError &&
    ['SOURCE_SHORT', 'SOURCE_IO', 'SOURCE_UNREACHABLE'].includes(thrown.code)
  );
}

function gaveUp(name: string, found: number, wanted: number, last: unknown): UpdaterError {
  return new UpdaterError(
    isBreak(last) ? last.code : 'SOURCE_IO',
    `Cannot read ${name}: it broke off after ${found} bytes of ${wanted}, and ${PAUSES.length} tries to go on failed; the last one: ${messageOf(last)}`,
    {
      hint: 'Try again once the server can be reached; nothing was lost.',
      facts: { found, wanted },
      cause: last,
    },
  );
}
