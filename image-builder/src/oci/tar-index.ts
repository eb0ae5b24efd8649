/** Where the files of a tar archive lie in it, so that blobs are read in any order without unpacking. */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';

import { BuilderError } from '../errors.ts';
import { MISSING_END, scanTar, TarError, type ScannedHeader } from '../tar/scan.ts';

/** A file in an archive: first byte and length. */
export interface ArchiveFile {
  readonly offset: number;
  readonly size: number;
}

const MAX_FILES = 100_000;

/** Reads through the archive at `path` once. Throws `ARCHIVE_INVALID` and `ARCHIVE_TRUNCATED`. */
export async function indexArchive(path: string): Promise<ReadonlyMap<string, ArchiveFile>> {
  const files = new Map<string, ArchiveFile>();
  const links: [string, string][] = [];
  const visit = (header: ScannedHeader) => {
    const name = header.name.replace(/^(?:\.\/)+/, '');
    if (header.type === 'file') files.set(name, { offset: header.byteOffset, size: header.size });
    if (header.type === 'symlink') links.push([name, header.linkname ?? '']);
    if (header.type === 'link') links.push([name, `/${header.linkname ?? ''}`]);
    if (files.size + links.length > MAX_FILES) {
      throw invalid(path, `it holds more than ${MAX_FILES} files`);
    }
  };
  try {
    const pieces: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 2 ** 20 });
    const entries = await scanTar(pieces, visit, { requireEnd: true });
    if (entries === 0) throw invalid(path, 'it holds no files');
  } catch (thrown) {
    if (!(thrown instanceof TarError)) throw thrown;
    if (thrown.kind === 'truncated') {
      throw new BuilderError('ARCHIVE_TRUNCATED', `Cannot read archive "${path}": ${MISSING_END}`, {
        cause: thrown,
        hint: 'It was cut off while it was written or copied. Copy it again.',
      });
    }
    throw invalid(path, thrown.message, thrown);
  }
  for (const [name, target] of links) {
    const file = files.get(posix.resolve('/', posix.dirname(name), target).slice(1));
    if (file !== undefined) files.set(name, file);
  }
  return files;
}

function invalid(path: string, what: string, cause?: unknown): BuilderError {
  return new BuilderError('ARCHIVE_INVALID', `Cannot read "${path}" as a tar archive: ${what}`, {
    cause,
    hint: 'Give an uncompressed archive of an OCI image layout, for example one made with: skopeo copy … oci-archive:<file>.',
  });
}
