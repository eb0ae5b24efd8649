/** Brings the toolchain's packages into the cache: from there, or by the private apt, and never unchecked. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, sha256OfFile } from '../files.ts';
import { withApt } from '../sources/fetch-source.ts';
import type { PrivateApt } from '../sources/private-apt.ts';
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
  const absent = async (): Promise<readonly LockedPackage[]> => {
    const present = await Promise.all(packages.map(({ sha256 }) => exists(join(cache.sources, sha256))));
    return packages.filter((_, index) => present[index] === false);
  };
  if ((await absent()).length === 0) return;
  await withApt(cache, onLine, async (apt) => download(apt, await absent(), cache));
}

async function download(
  apt: PrivateApt,
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
): Promise<void> {
  if (packages.length === 0) return;
  await mkdir(cache.sources, { recursive: true });
  const directory = await draftOf(join(cache.sources, 'download'));
  try {
    await apt.update();
    await apt.downloadPackages(
      packages.map(({ name, version }) => `${name}=${version}`),
      directory,
    );
    const files = await readdir(directory);
    for (const wanted of packages) {
      const file = files.find((each) => each.startsWith(`${wanted.name}_`));
      if (file === undefined) throw gone(wanted, cache);
      const found = await sha256OfFile(join(directory, file));
      if (found !== wanted.sha256) throw otherFile(wanted, file, found);
      await rename(join(directory, file), join(cache.sources, wanted.sha256));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function gone({ name, version, sha256 }: LockedPackage, cache: CacheDirectory): SlicesError {
  return new SlicesError(
    'SOURCE_VERSION_GONE',
    `Cannot download ${name} ${version}: the mirror has it no more`,
    {
      hint: `Put the file with SHA-256 ${sha256} into ${cache.sources} under that name, or run scripts/node slices/bin/update-toolchain-lock.ts.`,
      facts: { package: name, wanted: version },
    },
  );
}

/** Throws `SOURCE_BAD_HASH` for a file of the cache that is no longer what it is called. */
export async function assertWhole(wanted: LockedPackage, cache: CacheDirectory): Promise<void> {
  const path = join(cache.sources, wanted.sha256);
  const found = await sha256OfFile(path);
  if (found !== wanted.sha256) throw otherFile(wanted, path, found, 'Remove it; it is downloaded again.');
}

const NOT_THE_SAME =
  'The mirror gave another file than the one that was locked. Do not build with it before you know why.';

function otherFile(
  { name, sha256 }: LockedPackage,
  file: string,
  found: string,
  hint = NOT_THE_SAME,
): SlicesError {
  return new SlicesError(
    'SOURCE_BAD_HASH',
    `Cannot use ${file} as ${name}: SHA-256 is ${found}, locked is ${sha256}`,
    { hint, facts: { file, found, wanted: sha256 } },
  );
}
