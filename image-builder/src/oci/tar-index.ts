/** Where the files of a tar archive lie in it, so that blobs are read in any order without unpacking. */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';

import { BuilderError } from '../errors.ts';
import { readable } from '../tar/pax.ts';
import { MISSING_END, scanTar, TarError, type ScannedEntry } from '../tar/scan.ts';
import { storedCompression } from './stored-compression.ts';

/** A file in an archive: first byte and length. */
export interface ArchiveFile {
  readonly offset: number;
  readonly size: number;
}

const MAX_FILES = 100_000;
/** Links one behind the other, as Linux follows them. */
const MAX_LINKS = 40;

/**
 * Reads through the archive at `path` once. Files are found by {@link archiveName}.
 * Throws `ARCHIVE_INVALID` and `ARCHIVE_TRUNCATED`.
 */
export async function indexArchive(path: string): Promise<ReadonlyMap<string, ArchiveFile>> {
  const files = new Map<string, ArchiveFile>();
  const links = new Map<string, string>();
  const visit = (entry: ScannedEntry): void => {
    const name = archiveName(entry.name);
    // Of a name that is there twice, the last counts.
    files.delete(name);
    links.delete(name);
    if (entry.type === 'file') files.set(name, { offset: entry.byteOffset, size: entry.size });
    if (entry.type === 'symlink')
      links.set(name, archiveName(posix.resolve('/', posix.dirname(name), entry.linkname)));
    if (entry.type === 'link') links.set(name, archiveName(entry.linkname));
    if (entry.type === 'sparse') throw invalid(path, `"${readable(name)}" in it is a sparse file`);
    if (files.size + links.size > MAX_FILES) {
      throw invalid(path, `it holds more than ${MAX_FILES} files`);
    }
  };
  try {
    const pieces: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 2 ** 20 });
    const entries = await scanTar(pieces, visit, { requireEnd: true });
    if (entries === 0) throw invalid(path, 'it holds no files');
  } catch (thrown) {
    if (!(thrown instanceof TarError)) throw thrown;
    const compression = await storedCompression(path);
    if (compression !== 'none') throw compressed(path, compression);
    if (thrown.kind === 'truncated') {
      throw new BuilderError('ARCHIVE_TRUNCATED', `Cannot read archive "${path}": ${MISSING_END}`, {
        cause: thrown,
        hint: 'It was cut off while it was written or copied. Copy it again.',
      });
    }
    throw invalid(path, thrown.message, thrown);
  }
  for (const name of links.keys()) {
    const file = files.get(followed(links, name));
    if (file !== undefined) files.set(name, file);
  }
  return files;
}

/** Where a name leads by links, which may lead to links; not for ever. */
function followed(links: ReadonlyMap<string, string>, name: string): string {
  let at = name;
  for (let hops = 0; hops < MAX_LINKS; hops += 1) at = links.get(at) ?? at;
  return at;
}

/** A name in an archive as it is looked up: from the root, without "." and empty parts. */
export function archiveName(name: string): string {
  return posix.resolve('/', name).slice(1);
}

function invalid(path: string, what: string, cause?: unknown): BuilderError {
  return new BuilderError('ARCHIVE_INVALID', `Cannot read "${path}" as a tar archive: ${what}`, {
    cause,
    hint: 'Give an uncompressed archive of an OCI image layout, for example one made with: skopeo copy … oci-archive:<file>.',
  });
}

/** `nix build` and `docker save | gzip` leave such files. Blobs are read where they lie, which a compressed stream does not allow. */
function compressed(path: string, compression: string): BuilderError {
  return new BuilderError(
    'ARCHIVE_INVALID',
    `Cannot read "${path}" as a tar archive: it is compressed with ${compression}`,
    { hint: `Decompress it first, for example with: ${compression} -dc <file> >image.tar.` },
  );
}
