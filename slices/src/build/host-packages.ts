/**
 * The toolchain: Debian packages of the host, and their versions for the cache key.
 *
 * Building the compiler from source as well is left to the general build system.
 */
import { SlicesError } from '../errors.ts';
import { runProcess } from '../run-process.ts';

/** What every build may use. */
const COMMON_PACKAGES: readonly string[] = [
  'bash',
  'binutils',
  'bubblewrap',
  'bzip2',
  'coreutils',
  'findutils',
  'gcc',
  'gcc-12',
  'grep',
  'libc6-dev',
  'make',
  'mawk',
  'patch',
  'perl-base',
  'sed',
  'tar',
  'xz-utils',
];

/** A look-up of versions that asks dpkg once. */
export type HostPackages = (names: readonly string[]) => Promise<Readonly<Record<string, string>>>;

/**
 * The versions of the common packages and of `names`, sorted by name. Throws `HOST_PACKAGE_MISSING`, which names all
 * that are missing.
 */
export function hostPackages(): HostPackages {
  let installed: Promise<ReadonlyMap<string, string>> | undefined;
  return async (names) => {
    installed ??= installedPackages();
    const versions = await installed;
    const wanted = [...new Set([...COMMON_PACKAGES, ...names])].toSorted();
    const missing = wanted.filter((name) => !versions.has(name));
    if (missing.length > 0) {
      throw new SlicesError(
        'HOST_PACKAGE_MISSING',
        `Cannot build: Debian packages are missing: ${missing.join(', ')}`,
        {
          hint: `Run: apt-get install --no-install-recommends ${missing.join(' ')}`,
        },
      );
    }
    return Object.fromEntries(wanted.map((name) => [name, versions.get(name) ?? '']));
  };
}

async function installedPackages(): Promise<ReadonlyMap<string, string>> {
  const format = '${db:Status-Status} ${Package} ${Version}\n';
  const { stdout } = await runProcess('dpkg-query', ['--show', '--showformat', format]);
  const rows = stdout.split('\n').map((line) => line.split(' '));
  return new Map(
    rows.flatMap(([status, name = '', version = '']) => (status === 'installed' ? [[name, version]] : [])),
  );
}
