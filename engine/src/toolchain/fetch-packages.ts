/** Brings the toolchain's packages into the cache, from the first place that has them, and never unchecked. */
import type { CacheDirectory } from '../cache-directory.ts';
import * as gathered from '../sources/gather.ts';
import { wantedPackage } from '../sources/wanted.ts';
import type { LockedPackage } from './lock.ts';

/**
 * Downloads those that the cache does not have yet; each lies there under its SHA-256.
 *
 * @throws SlicesError `MIRROR_NOT_FOUND`, `APT_FAILED`, `SOURCE_VERSION_GONE`, `SOURCE_BAD_HASH`
 */
export async function fetchPackages(
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<void> {
  const missing = await gathered.gather(packages.map(wantedPackage), cache, onLine);
  if (missing.length > 0) throw gathered.missingError(missing, cache);
}

/** Throws `SOURCE_BAD_HASH` for a file of the cache that is no longer what it is called. */
export async function assertWhole({ name, sha256 }: LockedPackage, cache: CacheDirectory): Promise<void> {
  await gathered.assertWhole({ name, sha256 }, cache);
}
