/**
 * Files of an OCI layout in a tar archive.
 *
 * A stream is read once, front to back: small files met on the way are kept; a large one that comes before it is wanted
 * is passed over and read again later where the source allows that, and where it does not the order is an error. With
 * `seek` (a local file) only headers are read on the way, and every file can be had as often as one likes.
 */
import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';
import { ByteReader } from './byte-reader.ts';
import { badTar } from './tar-header.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

/** Largest file that is kept: manifests, release.json and signatures are smaller. */
const KEPT_FILE = 131_072;
/** Most bytes kept together. */
const KEPT_TOTAL = 2_097_152;
/** Bytes read at once when a passed-over file is read again. */
const PIECE = 1_048_576;
/** Most entries of an archive; a release has fewer than 40 blobs a platform. */
const MAX_ENTRIES = 4096;

/** A file whose contents can be taken once, now. */
export interface ArchiveFile {
  readonly name: string;
  readonly size: number;
  stream(): AsyncGenerator<Uint8Array>;
}

/** Looks files up by path while an archive goes by. */
export class Archive {
  readonly #source: ByteSource;
  readonly #entries: AsyncGenerator<TarEntry>;
  readonly #kept = new Map<string, Uint8Array>();
  readonly #passed = new Map<string, TarEntry>();
  readonly #seen = new Set<string>();
  #keptBytes = 0;

  readonly #seek: boolean;

  constructor(source: ByteSource, seek: boolean) {
    this.#source = source;
    this.#seek = seek;
    this.#entries = readTar(new ByteReader(source, seek));
  }

  /** A small file whole, `undefined` when the archive has none. `ARTIFACT_BAD_SIZE` above 128 KiB. */
  async small(name: string): Promise<Uint8Array | undefined> {
    for (;;) {
      const kept = this.#kept.get(name);
      if (kept !== undefined) return kept;
      if (this.#passed.has(name)) throw tooLarge(name, this.#passed.get(name)?.size ?? 0);
      const entry = await this.#next();
      if (entry === undefined) return undefined;
      await this.#put(entry, name);
    }
  }

  /** The files of `names`, each once, in the order in which they can be had. Those not there are left out. */
  async *files(names: ReadonlySet<string>): AsyncGenerator<ArchiveFile> {
    if (this.#seek) {
      for (let entry = await this.#next(); entry !== undefined; entry = await this.#next())
        this.#passed.set(entry.name, entry);
    }
    for (const [name, bytes] of this.#kept) {
      if (names.has(name)) yield { name, size: bytes.length, stream: () => once(bytes) };
    }
    for (const [name, entry] of this.#passed) {
      if (names.has(name)) yield { name, size: entry.size, stream: () => this.#again(entry) };
    }
    // The walk goes on to the end mark, so that the sender of a pipe is not cut off.
    for (let entry = await this.#next(); entry !== undefined; entry = await this.#next()) {
      if (names.has(entry.name)) yield entry;
    }
  }

  async #next(): Promise<TarEntry | undefined> {
    const { value: entry, done } = await this.#entries.next();
    if (done === true) return undefined;
    if (this.#seen.has(entry.name)) throw badTar(`"${entry.name}" appears twice`, entry.offset);
    if (this.#seen.size === MAX_ENTRIES)
      throw badTar(`it has more than ${MAX_ENTRIES} entries`, entry.offset);
    this.#seen.add(entry.name);
    return entry;
  }

  /** Keeps or passes over what came while `wanted` was looked for. */
  async #put(entry: TarEntry, wanted: string): Promise<void> {
    if (entry.size <= KEPT_FILE && this.#keptBytes + entry.size <= KEPT_TOTAL) await this.#keep(entry);
    else if (entry.name === wanted) throw tooLarge(wanted, entry.size);
    else if (this.#source.readAt !== undefined) this.#passed.set(entry.name, entry);
    else throw wrongOrder(this.#source.name, entry.name, wanted);
  }

  async #keep(entry: TarEntry): Promise<void> {
    const bytes = new Uint8Array(entry.size);
    let filled = 0;
    for await (const piece of entry.stream()) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    this.#keptBytes += bytes.length;
    this.#kept.set(entry.name, bytes);
  }

  async *#again(entry: TarEntry): AsyncGenerator<Uint8Array> {
    const { readAt } = this.#source;
    if (readAt === undefined) throw wrongOrder(this.#source.name, entry.name, 'index.json');
    for (let done = 0; done < entry.size; done += PIECE) {
      yield await readAt(entry.offset + done, Math.min(PIECE, entry.size - done)).catch((cause: unknown) => {
        const denied = cause instanceof UpdaterError && cause.code === 'SOURCE_NO_RANGES';
        throw denied ? wrongOrder(this.#source.name, entry.name, 'index.json') : cause;
      });
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function tooLarge(name: string, size: number): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_BAD_SIZE',
    `Cannot read ${name}: it has ${size} bytes, wanted at most ${KEPT_FILE}`,
    {
      hint: 'Fetch or build the archive again.',
      facts: { size, limit: KEPT_FILE },
    },
  );
}

function wrongOrder(source: string, found: string, wanted: string): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_ORDER',
    `Cannot read ${source} as a stream: "${found}" comes before "${wanted}"`,
    {
      hint: 'Save the archive as a file first and stage that; cocon writes archives in an order that can be streamed.',
    },
  );
}
