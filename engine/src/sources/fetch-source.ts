/** Brings the files of a source package into the cache, from the first place that has them, and never unchecked. */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { filesOf, type DebianSource, type SourceFile } from './debian-source.ts';
import { assertWhole, gather, missingError } from './gather.ts';

/** Files of a source package. */
export interface DebianFiles {
  readonly package: string;
  readonly version: string;
  readonly files: readonly SourceFile[];
}

/** {@link fetchDebianFiles} for a source as a slice writes it. */
export async function fetchSource(
  source: DebianSource,
  cache: CacheDirectory,
  onLine: (line: string) => void = () => {},
): Promise<ReadonlyMap<string, string>> {
  const { package: name, version } = source;
  return fetchDebianFiles({ package: name, version, files: filesOf(source) }, cache, onLine);
}

/**
 * The host's path of each file of a source, by the file's name.
 *
 * A file lies in the cache under its SHA-256. It is checked before it is put there and again before each build, which
 * takes far less time than what follows.
 *
 * @throws SlicesError `MIRROR_NOT_FOUND`, `APT_FAILED`, `SOURCE_VERSION_GONE`, `SOURCE_BAD_HASH`
 */
export async function fetchDebianFiles(
  { package: name, version, files }: DebianFiles,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const missing = await gather([{ kind: 'source', name, version, files }], cache, onLine);
  if (missing.length > 0) throw missingError(missing, cache);
  for (const file of files) await assertWhole(file, cache);
  return new Map(files.map((file) => [file.name, join(cache.sources, file.sha256)]));
}
