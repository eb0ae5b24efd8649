/**
 * The entries of a tar archive, in order, from a stream. Long names and sizes of pax and GNU are applied; contents are
 * handed over in pieces and never held.
 */
import type { ByteReader } from './byte-reader.ts';
import { readPax } from './pax.ts';
import { badTar, isZeroBlock, readTarHeader, TAR_BLOCK } from './tar-header.ts';
import { decodeText } from '../text.ts';
import { UpdaterError } from '../errors.ts';

/** Most bytes of a pax header or a long name; real ones are below one kilobyte. */
const MAX_EXTENSION = 65_536;

/** A regular file of the archive. */
export interface TarEntry {
  /** Path without a leading `./`. */
  readonly name: string;
  readonly size: number;
  /** Where its contents begin in the archive, in bytes. */
  readonly offset: number;
  /** Its contents, once; what is not taken is passed over. */
  stream(): AsyncGenerator<Uint8Array>;
}

/** Yields the regular files up to the end mark. `ARTIFACT_TRUNCATED` when there is none. */
export async function* readTar(reader: ByteReader): AsyncGenerator<TarEntry> {
  let override: { name?: string; size?: number } = {};
  for (;;) {
    const at = reader.position;
    const block = at === 0 ? await firstBlock(reader) : await reader.bytes(TAR_BLOCK);
    if (isZeroBlock(block)) {
      if (at === 0) readTarHeader(block, at);
      return;
    }
    const header = readTarHeader(block, at);
    if (header.kind !== 'file' && header.kind !== 'directory') {
      if (header.size > MAX_EXTENSION)
        throw badTar(`the header at byte ${at} has ${header.size} bytes of extensions`, at);
      const extension = await reader.bytes(header.size);
      if (header.kind === 'pax') override = { ...override, ...readPax(extension, at) };
      if (header.kind === 'gnu-name') override = { ...override, name: gnuName(extension, at) };
      await reader.skip(padding(header.size));
      continue;
    }
    const size = header.kind === 'directory' ? 0 : (override.size ?? header.size);
    const name = (override.name ?? header.name).replace(/^(?:\.\/)+/, '');
    override = {};
    const start = reader.position;
    const end = start + size;
    if (header.kind === 'file') {
      yield {
        name,
        size,
        offset: start,
        stream: () => reader.stream(end - reader.position),
      };
    }
    await reader.skip(end - reader.position + padding(size));
  }
}

const padding = (size: number): number => (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;

function gnuName(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0);
  const name = decodeText(end < 0 ? bytes : bytes.subarray(0, end));
  if (name === undefined) throw badTar(`the long name at byte ${at} is not UTF-8`, at);
  return name;
}

/** What is too short for a header never was an archive. */
async function firstBlock(reader: ByteReader): Promise<Uint8Array> {
  try {
    return await reader.bytes(TAR_BLOCK);
  } catch (cause) {
    if (!(cause instanceof UpdaterError) || cause.code !== 'ARTIFACT_TRUNCATED') throw cause;
    throw new UpdaterError('ARTIFACT_NOT_TAR', 'Cannot read the archive: it is too short to be one', {
      hint: 'Give the image.oci that "cocon seal" wrote.',
      cause,
    });
  }
}
