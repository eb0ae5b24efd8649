/**
 * A download that breaks off goes on where it was, from a server that honours Range.
 *
 * Bounded: each break must be followed by a piece that arrives, else the download has failed with the error of the
 * break. What arrives after a break is checked like all the rest, so a server that changed the file in between fails by
 * its digest.
 */
import { UpdaterError } from './errors.ts';
import type { ByteSource } from './platform.ts';

const PIECE = 1_048_576;
/** Requests for one piece, one after another, before giving up. */
const TRIES = 3;

/** The same source; `onBreak` hears where it went on. */
export function resumingSource(source: ByteSource, onBreak: (position: number) => void): ByteSource {
  const { readAt, sizeBytes } = source;
  if (readAt === undefined || sizeBytes === undefined) return source;
  let position = 0;
  let broken = false;
  const next = async (): Promise<Uint8Array | undefined> => {
    if (!broken) {
      try {
        return await source.read();
      } catch (thrown) {
        if (!isBreak(thrown)) throw thrown;
        broken = true;
        onBreak(position);
      }
    }
    if (position >= sizeBytes) return undefined;
    return retry(() => readAt(position, Math.min(PIECE, sizeBytes - position)));
  };
  return {
    name: source.name,
    sizeBytes,
    async read() {
      const piece = await next();
      position += piece?.length ?? 0;
      return piece;
    },
    readAt,
    close: () => source.close(),
  };
}

async function retry(fetchPiece: () => Promise<Uint8Array>): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchPiece();
    } catch (thrown) {
      if (attempt === TRIES || !isBreak(thrown)) throw thrown;
    }
  }
}

const isBreak = (thrown: unknown): boolean =>
  thrown instanceof UpdaterError && ['SOURCE_SHORT', 'SOURCE_IO', 'SOURCE_UNREACHABLE'].includes(thrown.code);
