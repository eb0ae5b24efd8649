/** What becomes of pins when the mirror goes on without them: the real apt, a real server, lists that are really signed. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { ensurePins, machineLockOf } from '../../src/pins/ensure.ts';
import { exportPins } from '../../src/pins/export.ts';
import { moveLines, movesBetween, overlaid } from '../../src/pins/overlay.ts';
import type { Pins } from '../../src/pins/pin.ts';
import { wantedOf } from '../../src/pins/use.ts';
import { gather, missingError } from '../../src/sources/gather.ts';
import type { ArchivePackage, ArchiveSource, ArchiveState } from '../debian-archive.ts';
import { mirrorOf, others, status } from '../loopback-mirror.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import {
  archivePackage,
  archiveSource,
  packagesThen,
  pinned,
  PINNED_PACKAGE,
  PINNED_SOURCES,
  sourcesThen,
  use,
} from './pinned-archive.ts';

afterEach(() => void vi.unstubAllEnvs());

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(await scratchDirectory());
}

const ensure = (cache: CacheDirectory): Promise<Pins> =>
  ensurePins({ pins: pinned, needed: use, whole: use, cache, onLine: () => {} });

const wanted = wantedOf(use, pinned);

/** The day after: musl and the kernel have newer releases in place of those, and so do the packages that are named. */
const sourcesNow: readonly ArchiveSource[] = [
  archiveSource('busybox', PINNED_SOURCES.busybox),
  archiveSource('linux', '6.12.110-1'),
  archiveSource('linux', '6.12.109-1'),
  archiveSource('linux', '6.18.3-1'),
  archiveSource('musl', '1.2.5-3.1~deb13u2'),
  archiveSource('zlib', PINNED_SOURCES.zlib),
];
const newer = (...names: readonly string[]): readonly ArchivePackage[] =>
  packagesThen.map((each) => (names.includes(each.name) ? archivePackage(each.name, '1.0-1+deb13u1') : each));

/** What the mirror has lost, as a list of one error. */
const HALF_GONE = [
  `source linux ${PINNED_SOURCES.linux} (linux_6.12.107.orig.tar.xz): trixie has 6.12.110-1, 6.12.109-1, 6.18.3-1`,
  `source musl ${PINNED_SOURCES.musl} (musl_1.2.5.orig.tar.xz, musl_1.2.5-3.1~deb13u1.debian.tar.xz): trixie has 1.2.5-3.1~deb13u2`,
  `package make ${PINNED_PACKAGE}: trixie has 1.0-1+deb13u1`,
  `package tar ${PINNED_PACKAGE}: trixie has 1.0-1+deb13u1`,
];

describe('a mirror that has lost half of what is pinned', () => {
  const state: ArchiveState = { packages: newer('make', 'tar'), sources: sourcesNow };

  test('is told of in one list, with the command that moves the pins', async () => {
    await mirrorOf(state);
    const cache = await emptyCache();
    const error = missingError(await gather(wanted, cache, () => {}), cache);
    expect(error.code).toBe('SOURCE_VERSION_GONE');
    expect(
      error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
        .toSorted(),
    ).toEqual(HALF_GONE.toSorted());
    expect(error.hint).toContain('cocon pins update --machine');
    // What it has is kept, so that nothing is downloaded twice.
    expect(await readdir(cache.sources)).toHaveLength(4);
  });

  test('moves what is gone to the newest of its series, and nothing else', async () => {
    await mirrorOf(state);
    const now = await ensure(await emptyCache());
    expect(moveLines(movesBetween(pinned, now))).toEqual([
      'source   linux  6.12.107-1 -> 6.12.110-1',
      'source   musl   1.2.5-3.1~deb13u1 -> 1.2.5-3.1~deb13u2',
      'package  make   1.0-1 -> 1.0-1+deb13u1',
      'package  tar    1.0-1 -> 1.0-1+deb13u1',
    ]);
    const lock = machineLockOf(pinned, now);
    expect(overlaid(pinned, lock).pins).toEqual(now);
    expect(lock.sources['linux']?.to.upstream).toEqual({
      name: 'linux_6.12.110.orig.tar.xz',
      sha256: now.sources['linux']?.upstream.sha256,
    });
  });

  test('moves nothing when the cache has what is gone', async () => {
    const archive: ArchiveState = { packages: packagesThen, sources: sourcesThen };
    await mirrorOf(archive);
    const cache = await emptyCache();
    await ensure(cache);
    Object.assign(archive, state);
    expect(movesBetween(pinned, await ensure(cache))).toEqual([]);
  });

  test('is no loss where a snapshot archive has it', async () => {
    const archive = await mirrorOf({ ...state, snapshot: { packages: packagesThen, sources: sourcesThen } });
    vi.stubEnv('COCON_DEBIAN_SNAPSHOT', `${archive.snapshotAddress}/`);
    expect(movesBetween(pinned, await ensure(await emptyCache()))).toEqual([]);
  });

  test('is no loss where a directory of the user has it, by hash or by name', async () => {
    const archive: ArchiveState = { packages: packagesThen, sources: sourcesThen };
    await mirrorOf(archive);
    const kept = await scratchDirectory();
    const done = await exportPins(wanted, kept, await emptyCache(), () => {});
    expect(done.files).toBe(9);
    Object.assign(archive, state);
    vi.stubEnv('COCON_SOURCES', kept);
    expect(movesBetween(pinned, await ensure(await emptyCache()))).toEqual([]);

    const named = await scratchDirectory();
    for (const { file } of packagesThen) await writeFile(join(named, file.name), `${file.name}\n`);
    for (const { files } of sourcesThen) {
      for (const { name } of files) await writeFile(join(named, name), `${name}\n`);
    }
    vi.stubEnv('COCON_SOURCES', named);
    expect(movesBetween(pinned, await ensure(await emptyCache()))).toEqual([]);
  });

  test('names a snapshot archive that could not be asked beside what is gone', async () => {
    await mirrorOf(state);
    vi.stubEnv('COCON_DEBIAN_SNAPSHOT', 'http://user:secret-word@127.0.0.1:9/snapshot');
    const cache = await emptyCache();
    const error = missingError(await gather(wanted, cache, () => {}), cache);
    expect(error.code).toBe('SOURCE_VERSION_GONE');
    expect(error.message).toContain('the snapshot archive http://***@127.0.0.1:9/snapshot');
    expect(error.message).not.toContain('secret-word');
  });
});

describe('a mirror whose pool has lost files that its lists still have', () => {
  test('has nothing to move to, and says so of all of them', async () => {
    await mirrorOf({
      packages: packagesThen,
      sources: sourcesThen,
      answers: { 'linux_6.12.107.orig.tar.xz': status(404), 'make_1.0-1_amd64.deb': status(404) },
    });
    const error = await errorOf(ensure(await emptyCache()));
    expect(error.code).toBe('PINS_STUCK');
    expect(error.message).toContain('source linux 6.12.107-1');
    expect(error.message).toContain('package make 1.0-1');
  });
});

describe('a mirror that has only newer releases', () => {
  test('passes over one that its lists name and its pool does not have', async () => {
    const answers = {
      'linux_6.12.110.orig.tar.xz': status(404),
      'musl_1.2.5-3.1~deb13u3.debian.tar.xz': status(404),
    };
    const sources = [...sourcesNow, archiveSource('musl', '1.2.5-3.1~deb13u3')];
    await mirrorOf({ packages: packagesThen, sources, answers });
    expect(moveLines(movesBetween(pinned, await ensure(await emptyCache())))).toEqual([
      'source   linux  6.12.107-1 -> 6.12.109-1',
      'source   musl   1.2.5-3.1~deb13u1 -> 1.2.5-3.1~deb13u2',
    ]);
  });

  test('moves everything, the kernel within its branch', async () => {
    const names = packagesThen.map(({ name }) => name);
    await mirrorOf({
      packages: newer(...names),
      sources: sourcesThen
        .map(({ name, version }) =>
          archiveSource(name, name === 'linux' ? '6.12.200-1' : `${version}+deb13u9`),
        )
        .concat(archiveSource('linux', '6.13.1-1')),
    });
    const now = await ensure(await emptyCache());
    expect(now.sources['linux']?.version).toBe('6.12.200-1');
    expect(now.sources['busybox']?.version).toBe('1:1.37.0-6+deb13u9');
    expect(movesBetween(pinned, now)).toHaveLength(names.length + sourcesThen.length);
  });
});

describe('pins do not move', () => {
  test('to another branch of the kernel', async () => {
    const sources = sourcesNow.filter(({ version }) => !version.startsWith('6.12.'));
    await mirrorOf({ packages: packagesThen, sources });
    const error = await errorOf(ensure(await emptyCache()));
    expect(error.code).toBe('PINS_STUCK');
    expect(error.message).toContain('trixie has 6.18.3-1');
  });

  test('back to older releases', async () => {
    const older = sourcesThen.map((each) => (each.name === 'musl' ? archiveSource('musl', '1.2.5-3') : each));
    await mirrorOf({ packages: packagesThen, sources: older });
    const sources = await errorOf(ensure(await emptyCache()));
    expect([sources.code, sources.message]).toEqual([
      'PINS_STUCK',
      expect.stringContaining('musl 1.2.5-3.1~deb13u1'),
    ]);
    await mirrorOf({
      packages: packagesThen.map((each) => (each.name === 'make' ? archivePackage('make', '0.9-1') : each)),
      sources: sourcesThen,
    });
    const packages = await errorOf(ensure(await emptyCache()));
    expect([packages.code, packages.message]).toEqual([
      'PINS_STUCK',
      'Cannot move the toolchain: the mirror has make 0.9-1, which is older than 1.0-1',
    ]);
  });

  test.each([
    ['source', 'linux_6.12.107.orig.tar.xz', 'linux_6.12.107.orig.tar.xz of linux 6.12.107-1'],
    ['package', 'make_1.0-1_amd64.deb', 'make 1.0-1'],
  ])('because of wrong bytes of a %s, though others are gone', async (_, file, named) => {
    await mirrorOf({
      packages: packagesThen,
      sources: [...sourcesNow, archiveSource('linux', PINNED_SOURCES.linux)],
      answers: { [file]: others },
    });
    const { code, message } = await errorOf(ensure(await emptyCache()));
    expect(code).toBe('SOURCE_BAD_HASH');
    expect(message).toContain(`Cannot use what the mirror has as ${named}: SHA-256 is `);
  });

  test('because of wrong bytes in the directory of the user', async () => {
    await mirrorOf({ packages: packagesThen, sources: sourcesNow });
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'linux_6.12.107.orig.tar.xz'), 'other bytes');
    vi.stubEnv('COCON_SOURCES', directory);
    const { code, message } = await errorOf(ensure(await emptyCache()));
    expect(code).toBe('SOURCE_BAD_HASH');
    expect(message).toContain(join(directory, 'linux_6.12.107.orig.tar.xz'));
  });

  test('to what is newer but has other bytes than the signed lists have', async () => {
    await mirrorOf({
      packages: packagesThen,
      sources: sourcesNow,
      answers: { 'linux_6.12.110.orig.tar.xz': others },
    });
    expect((await errorOf(ensure(await emptyCache()))).code).toBe('SOURCE_BAD_HASH');
  });

  test('by lists that are signed by another key, and not by older lists beside them', async () => {
    const state: ArchiveState = { packages: packagesThen, sources: sourcesThen };
    await mirrorOf(state);
    const cache = await emptyCache();
    await ensure(cache);
    Object.assign(state, { packages: newer('make'), sources: sourcesNow, wrongKey: true });
    expect((await errorOf(ensure(await emptyCache()))).code).toBe('APT_FAILED');
    // Here the lists of before are still in the private apt's state.
    const error = await errorOf(ensure({ ...cache, sources: join(cache.root, 'no-sources') }));
    expect([error.code, error.message]).toEqual([
      'APT_FAILED',
      expect.stringMatching(/NO_PUBKEY|not signed|signatures/),
    ]);
  });

  test('when the mirror cannot be reached', async () => {
    vi.stubEnv('COCON_DEBIAN_MIRROR', 'http://user:secret-word@127.0.0.1:9/debian');
    const error = await errorOf(ensure(await emptyCache()));
    expect(error.code).toBe('APT_FAILED');
    expect(`${error.message} ${error.hint}`).not.toContain('secret-word');
  });
});

test('takes a file from the directory of the user when the mirror has other bytes, for whoever has the hash is right', async () => {
  await mirrorOf({
    packages: packagesThen,
    sources: sourcesThen,
    answers: { 'linux_6.12.107.orig.tar.xz': others, 'make_1.0-1_amd64.deb': others },
  });
  const directory = await scratchDirectory();
  for (const name of ['linux_6.12.107.orig.tar.xz', 'make_1.0-1_amd64.deb']) {
    await writeFile(join(directory, name), `${name}\n`);
  }
  vi.stubEnv('COCON_SOURCES', directory);
  expect(await ensure(await emptyCache())).toEqual(pinned);
});
