/** Brings a source into the cache, whatever its kind, and gives the files that a sandbox sees in `/sources`. */
import type { CacheDirectory } from '../cache-directory.ts';
import type { GraphSource } from '../graph/graph.ts';

/**
 * The host's path of each file, by its name inside. All are checked against their pins, whether or not they were there
 * already. A local source has no files here: it is copied when the workspace is filled.
 *
 * @throws SlicesError what the fetchers of each kind throw
 */
export async function fetchGraphSource(
  source: GraphSource | undefined,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  if (source === undefined) return {};
  const files = await fetchArchives(source, cache, onLine);
  if (!('patches' in source) || source.patches === undefined) return files;
  const { keepPatches } = await import('./keep-patches.ts');
  return { ...files, ...(await keepPatches(source.patches, cache)) };
}

async function fetchArchives(
  source: GraphSource,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  switch (source.kind) {
    case 'local':
      return {};
    case 'debian': {
      const { fetchDebianFiles } = await import('./fetch-source.ts');
      return Object.fromEntries(await fetchDebianFiles(source, cache, onLine));
    }
    case 'url': {
      const { fetchUrl } = await import('./fetch-url.ts');
      return { [ARCHIVE]: await fetchUrl(source, cache, onLine) };
    }
    case 'crates': {
      const { fetchCrates } = await import('./fetch-crates.ts');
      return await fetchCrates(source.crates, cache, onLine);
    }
    case 'git': {
      const { fetchGit } = await import('./fetch-git.ts');
      return { [ARCHIVE]: await fetchGit(source, cache, onLine) };
    }
  }
}

/** The one file of a source that is an archive. */
export const ARCHIVE = 'archive.tar';

/** The directory of a slice's own patches. */
export const PATCHES = 'patches';
