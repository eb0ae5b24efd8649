import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import type { DebianSource } from '../src/sources/debian-source.ts';
import { fetchSource } from '../src/sources/fetch-source.ts';
import { errorOf, scratchDirectory } from './support.ts';

const UPSTREAM = 'the upstream tarball\n';
const DEBIAN = "Debian's own files\n";

const SOURCE: DebianSource = {
  package: 'hello',
  version: '1.0-1',
  upstream: { name: 'hello_1.0.orig.tar.gz', sha256: sha256(UPSTREAM) },
  debian: { name: 'hello_1.0-1.debian.tar.xz', sha256: sha256(DEBIAN) },
  patched: true,
};

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Stands in for apt: a mirror that has one version of the package, whose upstream tarball is `upstream`. */
async function standInApt(version: string, upstream: string): Promise<void> {
  const directory = await scratchDirectory();
  const programs = {
    'apt-cache': `echo 'Package: hello'; test -e '${directory}/updated' && echo 'Version: ${version}'`,
    'apt-get': `case "$*" in
*update*) touch '${directory}/updated' ;;
*hello=${version}) for name in '${SOURCE.upstream.name}' '${SOURCE.debian.name}' hello_1.0.dsc; do
  echo "'http://mirror.invalid/$name' $name 20 SHA256:00"; done ;;
*) echo "E: unexpected: $*" >&2; exit 100 ;;
esac`,
    'apt-helper': `shift 3
test "$1" = 'http://mirror.invalid/${SOURCE.upstream.name}' && printf '%s' '${upstream}' >"$2"; shift 3
test "$1" = 'http://mirror.invalid/${SOURCE.debian.name}' && printf '%s' "${DEBIAN}" >"$2"; shift 3
test $# = 0 # No other file is asked for.`,
  };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, name), 0o755);
  }
  vi.stubEnv('PATH', `${directory}${delimiter}${process.env['PATH'] ?? ''}`);
}

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(await scratchDirectory());
}

describe('fetchSource()', () => {
  beforeEach(() => {
    vi.unstubAllEnvs();
    vi.stubEnv('COCON_DEBIAN_MIRROR', 'http://mirror.invalid/debian');
  });

  it('downloads once, checks each file and keeps it under its SHA-256', async () => {
    await standInApt('1.0-1', UPSTREAM);
    const cache = await emptyCache();
    const files = await fetchSource(SOURCE, cache);
    expect([...files.keys()]).toEqual([SOURCE.upstream.name, SOURCE.debian.name]);
    expect(await readFile(files.get(SOURCE.upstream.name) ?? '', 'utf8')).toBe(UPSTREAM);
    expect((await readdir(cache.sources)).toSorted()).toEqual([sha256(UPSTREAM), sha256(DEBIAN)].toSorted());
    vi.stubEnv('PATH', '/nowhere');
    expect(await fetchSource(SOURCE, cache)).toEqual(files);
  });

  it('asks the mirror of the system for source packages of the pinned suite, checked with the keyring of Debian', async () => {
    await standInApt('1.0-1', UPSTREAM);
    const cache = await emptyCache();
    await fetchSource(SOURCE, cache);
    expect(await readFile(join(cache.apt, 'debian.sources'), 'utf8')).toBe(
      'Types: deb deb-src\nURIs: http://mirror.invalid/debian\nSuites: trixie trixie-updates\nComponents: main\n' +
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n',
    );
  });

  it('refuses a file that is not the one that was pinned, and keeps nothing of it', async () => {
    await standInApt('1.0-1', 'something else');
    const cache = await emptyCache();
    const error = await errorOf(fetchSource(SOURCE, cache));
    expect(error.code).toBe('SOURCE_BAD_HASH');
    expect(error.message).toContain(sha256('something else'));
    expect(error.message).toContain(sha256(UPSTREAM));
    expect(await readdir(cache.sources)).toEqual([]);
  });

  it('says which versions there are when the pinned one has left the mirror, and how to go on', async () => {
    await standInApt('1.0-2', UPSTREAM);
    const cache = await emptyCache();
    const error = await errorOf(fetchSource(SOURCE, cache));
    expect(error.code).toBe('SOURCE_VERSION_GONE');
    expect(error.message).toBe(
      `Cannot download source hello 1.0-1 (${SOURCE.upstream.name}, ${SOURCE.debian.name}): trixie has 1.0-2`,
    );
    expect(error.hint).toContain(cache.sources);
  });

  it('shows what apt said when it fails', async () => {
    await standInApt('1.0-1', UPSTREAM);
    const cache = await emptyCache();
    const odd = { ...SOURCE, package: 'hello-odd' };
    const error = await errorOf(fetchSource(odd, cache));
    expect(error.code).toBe('APT_FAILED');
    expect(error.message).toContain('E: unexpected');
    expect(await readdir(cache.sources)).toEqual([]);
  });

  it('takes files that were put into the cache by hand, if they are the right ones', async () => {
    const cache = await emptyCache();
    await mkdir(cache.sources, { recursive: true });
    const path = join(cache.sources, sha256(UPSTREAM));
    await writeFile(path, UPSTREAM);
    vi.stubEnv('PATH', '/nowhere');
    const unpatched = { ...SOURCE, patched: false };
    expect([...(await fetchSource(unpatched, cache)).keys()]).toEqual([SOURCE.upstream.name]);
    await writeFile(path, 'something else');
    const error = await errorOf(fetchSource(unpatched, cache));
    expect(error.code).toBe('SOURCE_BAD_HASH');
    expect(error.message).toContain(path);
  });
});
