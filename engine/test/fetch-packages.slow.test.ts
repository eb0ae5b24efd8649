/** `fetchPackages()` by the real apt from a real HTTP server, and all that such a server may answer. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import { fetchPackages } from '../src/toolchain/fetch-packages.ts';
import type { LockedPackage } from '../src/toolchain/lock.ts';
import { half, loopbackMirror, others, packageOf, status, VERSION, whole } from './loopback-mirror.ts';
import { errorOf, scratchDirectory } from './support.ts';

const hello = packageOf('hello');

const fetchInto = (cache: CacheDirectory, ...packages: readonly LockedPackage[]): Promise<void> =>
  fetchPackages(packages, cache, () => {});

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(await scratchDirectory());
}

afterEach(() => void vi.unstubAllEnvs());

describe('fetchPackages()', () => {
  test('downloads what the cache does not have, each under its SHA-256', async () => {
    await loopbackMirror({ hello: whole, 'libhello++': whole });
    const cache = await emptyCache();
    await fetchInto(cache, hello, packageOf('libhello++'));
    expect(await readFile(join(cache.sources, hello.sha256), 'utf8')).toBe('the package hello\n');
    expect(await readdir(cache.sources)).toHaveLength(2);
  });

  test.each([
    ['whose file the mirror has deleted', packageOf('libgone++'), 'the mirror has its files no more'],
    ['of which the mirror has another version', packageOf('hello', '2.0-1'), `trixie has ${VERSION}`],
    ['that the mirror does not know', packageOf('unknown'), 'trixie has no such package'],
  ])('names the package and its version, and the way out, for a package %s', async (_, gone, why) => {
    await loopbackMirror({ hello: whole, 'libgone++': status(404) });
    const cache = await emptyCache();
    const { code, message, hint, facts } = await errorOf(fetchInto(cache, gone));
    expect(code).toBe('SOURCE_VERSION_GONE');
    expect(message).toBe(`Cannot download package ${gone.name} ${gone.version}: ${why}`);
    expect(hint).toContain('cocon pins update');
    expect(hint).toContain(`into ${cache.sources}`);
    expect(facts).toEqual({ gone: `${gone.name} ${gone.version}`, files: gone.sha256 });
  });

  test('lists all packages that are gone, each with the versions that the mirror has', async () => {
    await loopbackMirror({ hello: whole, there: whole });
    const wanted = [packageOf('hello', '2.0-1'), packageOf('unknown'), packageOf('there')];
    const { message } = await errorOf(fetchInto(await emptyCache(), ...wanted));
    expect(message).toBe(
      `Cannot download 2 pinned packages:\n  package hello 2.0-1: trixie has ${VERSION}\n  package unknown ${VERSION}: trixie has no such package`,
    );
  });

  test.each([
    ['an error of the server', status(500), /500 {2}Internal Server Error/],
    ['a file that ends too early', half, /Failed to fetch .*bad/],
  ])('shows what apt says, and points to network and mirror, after %s', async (_, answer, says) => {
    await loopbackMirror({ bad: answer });
    const { code, message, hint } = await errorOf(fetchInto(await emptyCache(), packageOf('bad')));
    expect([code, message]).toEqual(['APT_FAILED', expect.stringMatching(says)]);
    expect(hint).toContain('Check the network and the mirror http://127.0.0.1:');
  });

  test('names both hashes when the mirror gives other bytes', async () => {
    await loopbackMirror({ bad: others });
    const bad = packageOf('bad');
    const { code, message, hint } = await errorOf(fetchInto(await emptyCache(), bad));
    expect(code).toBe('SOURCE_BAD_HASH');
    expect(message).toMatch(
      new RegExp(
        `^Cannot use what the mirror has as bad 1:1.b~1-1: SHA-256 is [0-9a-f]{64}, pinned is ${bad.sha256}$`,
      ),
    );
    expect(hint).toContain('Do not build with it');
  });

  test('does not take the bytes of a mirror that has signed others than were locked', async () => {
    await loopbackMirror({ hello: whole });
    const cache = await emptyCache();
    const error = await errorOf(fetchInto(cache, { ...hello, sha256: '0'.repeat(64) }));
    expect(error.code).toBe('SOURCE_BAD_HASH');
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test.each([status(404), status(500), half, others])(
    'keeps what came whole, and no more, when another package did not: %#',
    async (answer) => {
      await loopbackMirror({ hello: whole, bad: answer });
      const cache = await emptyCache();
      await errorOf(fetchInto(cache, packageOf('bad'), hello));
      expect(await readdir(cache.sources)).toEqual([hello.sha256]);
    },
  );

  test('takes a file that was put into the cache by hand for one that is gone', async () => {
    await loopbackMirror({ hello: whole, bad: status(404) });
    const cache = await emptyCache();
    const bad = packageOf('bad');
    await mkdir(cache.sources);
    await writeFile(join(cache.sources, bad.sha256), 'the package bad\n');
    await fetchInto(cache, bad, hello);
    expect((await readdir(cache.sources)).toSorted()).toEqual([bad.sha256, hello.sha256].toSorted());
  });
});
