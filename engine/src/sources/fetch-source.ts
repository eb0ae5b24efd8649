/** Brings the files of a source package into the cache: from there, or by the private apt, and never unchecked. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, sha256OfFile } from '../files.ts';
import { withLock } from '../lock.ts';
import { DEBIAN_SUITE, filesOf, type DebianSource, type SourceFile } from './debian-source.ts';
import { privateApt, type PrivateApt } from './private-apt.ts';
import { systemMirror } from './system-mirror.ts';

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
  source: DebianFiles,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const paths = new Map(source.files.map((file) => [file.name, join(cache.sources, file.sha256)]));
  const allPresent = async (): Promise<boolean> =>
    !(await Promise.all([...paths.values()].map(exists))).includes(false);
  if (!(await allPresent())) {
    await withApt(cache, onLine, async (apt) => {
      if (await allPresent()) return;
      await ensureVersion(source, cache, apt);
      await download(source, cache, apt);
    });
  }
  for (const file of source.files) {
    await assertHash(
      file,
      join(cache.sources, file.sha256),
      'Remove it from the cache; it is downloaded again.',
    );
  }
  return paths;
}

/** Runs `job` with the private apt, which works for one at a time. */
export async function withApt<T>(
  cache: CacheDirectory,
  onLine: (line: string) => void,
  job: (apt: PrivateApt) => Promise<T>,
): Promise<T> {
  return withLock(
    join(cache.apt, 'cocon.lock'),
    () => onLine('waiting for another download'),
    async () => job(await privateApt(cache.apt, await systemMirror(), onLine)),
  );
}

async function ensureVersion(source: DebianFiles, cache: CacheDirectory, apt: PrivateApt): Promise<void> {
  if ((await apt.versions(source.package)).includes(source.version)) return;
  await apt.update();
  const found = await apt.versions(source.package);
  if (!found.includes(source.version)) throw gone(source, cache, found);
}

/** `found` are the versions that the lists have. If the wanted one is among them, the mirror has lost its files. */
function gone(source: DebianFiles, cache: CacheDirectory, found: readonly string[]): SlicesError {
  const wanted = source.files.map((file) => `${file.name} as ${file.sha256}`);
  const why = found.includes(source.version)
    ? 'the mirror has its files no more'
    : `${DEBIAN_SUITE} has ${found.join(', ') || 'no such package'}`;
  return new SlicesError(
    'SOURCE_VERSION_GONE',
    `Cannot download ${source.package} ${source.version}: ${why}`,
    {
      hint: `Put ${wanted.join(' and ')} into ${cache.sources}, or pin the version that the mirror has now in the slice.`,
      facts: { package: source.package, wanted: source.version, found: found.join(' ') },
    },
  );
}

async function download(source: DebianFiles, cache: CacheDirectory, apt: PrivateApt): Promise<void> {
  await mkdir(cache.sources, { recursive: true });
  const directory = await draftOf(join(cache.sources, 'download'));
  try {
    const names = source.files.map(({ name }) => name);
    await apt.download(source.package, source.version, names, directory).catch(async (failure: unknown) => {
      if (!saysNotFound(failure)) throw failure;
      // The lists were read some time ago, and may have moved on.
      await apt.update();
      throw gone(source, cache, await apt.versions(source.package));
    });
    for (const file of source.files) {
      const path = join(directory, file.name);
      const hint =
        'The mirror gave another file than the one that was pinned. Do not build it before you know why.';
      await assertHash(file, path, hint);
      await rename(path, join(cache.sources, file.sha256));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether apt says that the server has answered 404. */
function saysNotFound(failure: unknown): boolean {
  return /\s404 {2}Not Found/.test(messageOf(failure));
}

async function assertHash(file: SourceFile, path: string, hint: string): Promise<void> {
  const found = await sha256OfFile(path);
  if (found === file.sha256) return;
  throw new SlicesError(
    'SOURCE_BAD_HASH',
    `Cannot use ${path} as ${file.name}: SHA-256 is ${found}, pinned is ${file.sha256}`,
    {
      hint,
      facts: { file: file.name, found, wanted: file.sha256 },
    },
  );
}
