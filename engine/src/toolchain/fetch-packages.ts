/** Brings the toolchain's packages into the cache: from there, or by the private apt, and never unchecked. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

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
    await assertOffered(apt, packages, cache);
    const specs = packages.map(({ name, version }) => `${name}=${version}`);
    const failure = await apt.downloadPackages(specs, directory).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    // What came whole is kept, whatever became of the others.
    const files = await readdir(directory);
    const problems: unknown[] = [];
    for (const wanted of packages) {
      const file = files.find((each) => each.startsWith(`${wanted.name}_`));
      const found = file === undefined ? undefined : await sha256OfFile(join(directory, file));
      if (file !== undefined && found === wanted.sha256) {
        await rename(join(directory, file), join(cache.sources, wanted.sha256));
      } else problems.push(problemWith(wanted, { file, found, failure }, cache));
    }
    if (problems.length > 0) throw problems.find((each) => each !== failure) ?? failure;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What apt calls a file that came whole and is not the one of the mirror's own lists. */
const REFUSED = '.FAILED';

/** Why a package is not there: what apt has left of it, and how apt has failed, if it has. */
function problemWith(
  wanted: LockedPackage,
  left: {
    readonly file?: string | undefined;
    readonly found?: string | undefined;
    readonly failure: unknown;
  },
  cache: CacheDirectory,
): unknown {
  const { file, found, failure } = left;
  if (file !== undefined && found !== undefined && (failure === undefined || file.endsWith(REFUSED))) {
    return otherFile(wanted, file, found);
  }
  if (failure === undefined || notFound(failure).includes(wanted.name)) return gone(wanted, cache);
  return failure;
}

/** The packages for whose files the mirror has answered 404. Of what a name may hold, apt escapes the plus. */
function notFound(failure: unknown): readonly string[] {
  return [...messageOf(failure).matchAll(/\/([^/\s_]+)_[^/\s]*\.deb\s+404 /g)].map(([, name = '']) =>
    name.replaceAll('%2b', '+'),
  );
}

/** Asked before the download: apt names no package by its version when it does not know it, and downloads none of the others. */
async function assertOffered(
  apt: PrivateApt,
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
): Promise<void> {
  const offered = await apt.packageVersions(packages.map(({ name }) => name));
  const [first, ...others] = packages.filter(
    ({ name, version }) => offered.get(name)?.includes(version) !== true,
  );
  if (first !== undefined)
    throw gone(first, cache, { versions: offered.get(first.name), others: others.length });
}

/** `versions` are those that the mirror has in its place, `others` how many packages are gone besides. */
function gone(
  { name, version, sha256 }: LockedPackage,
  cache: CacheDirectory,
  {
    versions = [],
    others = 0,
  }: { readonly versions?: readonly string[] | undefined; readonly others?: number } = {},
): SlicesError {
  const but = versions.length === 0 ? '' : `, but ${versions.join(', ')}`;
  const more = others === 0 ? '' : `; other packages that are gone too: ${others}`;
  return new SlicesError(
    'SOURCE_VERSION_GONE',
    `Cannot download ${name} ${version}: the mirror has it no more${but}${more}`,
    {
      hint: `Lock what it has now by scripts/node engine/bin/update-toolchain-lock.ts, or put the file with SHA-256 ${sha256} into ${cache.sources} under that name.`,
      facts: { package: name, wanted: version, found: versions.join(' '), others },
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
