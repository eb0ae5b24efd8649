/**
 * Runs a command against a Debian mirror on loopback that has gone on since the pins were made: made of the real files in a cache,
 * half of the packages and sources are only there in a newer release.
 *
 *     COCON_CACHE=$(mktemp -d) bash scripts/node test/mirror/run.ts -- npm run demo
 *
 * `--cache <directory>` is where the pinned files are (default: the usual cache), `--sources <directory>` has files of newer source
 * packages, by name (as linux_6.12.117.orig.tar.xz beside linux_6.12.117-1.debian.tar.xz), `--lose source|package` loses only those.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { cacheDirectory, cacheDirectoryAt } from '@cocon-os/engine/build';

import { repositoryPins } from '../../engine/src/pins/pins.ts';
import { serveArchive, type ArchivePackage, type ArchiveSource } from '../../engine/test/debian-archive.ts';
import { newerPackage, newerSource, packageFields } from './newer.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cache: { type: 'string' },
    sources: { type: 'string' },
    lose: { type: 'string', multiple: true, default: ['source', 'package'] },
  },
});
const [program, ...args] = positionals;
if (program === undefined) throw new Error('Name a command after --');

const cache =
  values.cache === undefined
    ? cacheDirectoryAt(cacheDirectory({ ...process.env, COCON_CACHE: '' }).root)
    : cacheDirectoryAt(resolve(values.cache));
const scratch = mkdtempSync(join(tmpdir(), 'cocon-mirror-'));
const has = (sha256: string): boolean => existsSync(join(cache.sources, sha256));
const everySecond = (_: unknown, index: number): boolean => index % 2 === 0;

/** Newer releases of source packages, as files in a directory. */
function givenSources(directory: string): readonly ArchiveSource[] {
  const files = readdirSync(directory);
  return files.flatMap((debian) => {
    const [, name, version] = /^([^_]+)_(.+)\.debian\.tar\.[a-z0-9]+$/.exec(debian) ?? [];
    const upstream = files.find((file) =>
      file.startsWith(`${name}_${version?.replace(/-[^-]*$/, '')}.orig.tar.`),
    );
    if (name === undefined || version === undefined || upstream === undefined) return [];
    const own = [upstream, debian].map((file) => ({ name: file, contents: { path: join(directory, file) } }));
    return [{ name, version, files: own }];
  });
}

/** What the mirror has of the pins, and what it has lost. */
function mirrorState(): {
  packages: readonly ArchivePackage[];
  sources: readonly ArchiveSource[];
  lost: readonly string[];
} {
  const lost: string[] = [];
  const given = values.sources === undefined ? [] : givenSources(resolve(values.sources));
  const lostSources = values.lose.includes('source')
    ? Object.entries(repositoryPins.sources)
        .filter(([, { upstream }]) => has(upstream.sha256))
        .map(([name]) => name)
        .filter((name, index) => name === 'linux' || index % 2 === 0)
    : [];
  const sources = Object.entries(repositoryPins.sources).map(([name, pin]): ArchiveSource => {
    const files = [pin.upstream, pin.debian].filter(({ sha256 }) => has(sha256));
    const now = {
      name,
      version: pin.version,
      files: files.map((file) => ({ ...file, contents: { path: join(cache.sources, file.sha256) } })),
    };
    const newer = given.find((each) => each.name === name);
    if (newer === undefined && !lostSources.includes(name)) return now;
    lost.push(`source ${name} ${pin.version}`);
    return newer ?? newerSource(now, scratch);
  });
  const locked = repositoryPins.toolchain.packages;
  const lostPackages = values.lose.includes('package')
    ? locked.filter(({ sha256 }) => has(sha256)).filter(everySecond)
    : [];
  const packages = locked.map((each): ArchivePackage => {
    const { name, version, sha256 } = each;
    const file = `${name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
    // Of what nobody needs here the lists have to know, and no more.
    if (!has(sha256)) {
      const fields: Record<string, string> =
        each.depends.length === 0 ? {} : { Depends: each.depends.join(', ') };
      return { name, version, file: { name: file, contents: Buffer.from(name), sha256 }, fields };
    }
    const path = join(cache.sources, sha256);
    const now = {
      name,
      version,
      file: { name: file, contents: { path }, sha256 },
      fields: packageFields(path),
    };
    if (!lostPackages.includes(each)) return now;
    lost.push(`package ${name} ${version}`);
    return newerPackage(now, path, scratch);
  });
  return { packages: withVersionsOf(packages), sources, lost };
}

/** Packages that depend on a package in its very version depend on the newer one. */
function withVersionsOf(packages: readonly ArchivePackage[]): readonly ArchivePackage[] {
  const now = new Map(packages.map(({ name, version }) => [name, version]));
  const follow = (text: string): string =>
    text.replaceAll(
      /([a-z0-9][a-z0-9+.-]+)((?::\w+)?) \(= [^)]+\)/g,
      (whole, name: string, architecture: string) => {
        const version = now.get(name);
        return version === undefined ? whole : `${name}${architecture} (= ${version})`;
      },
    );
  return packages.map((each) => ({
    ...each,
    fields: Object.fromEntries(
      Object.entries(each.fields ?? {}).map(([name, value]) => [name, follow(value)]),
    ),
  }));
}

try {
  const { packages, sources, lost } = mirrorState();
  await using archive = await serveArchive({ packages, sources });
  process.stderr.write(
    `mirror: ${archive.address} has lost ${lost.length} of ${packages.length + sources.length} pins\n`,
  );
  const environment = {
    ...process.env,
    COCON_DEBIAN_MIRROR: archive.address,
    COCON_DEBIAN_KEYRING: archive.keyring,
    APT_CONFIG: archive.aptConfig,
  };
  const child = spawn(program, args, { env: environment, stdio: 'inherit' });
  const [status]: readonly unknown[] = await once(child, 'close');
  process.exitCode = typeof status === 'number' ? status : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
