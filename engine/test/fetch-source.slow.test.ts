/** `fetchSource()` by the real apt from a real HTTP server that no longer has what it had. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { cacheDirectoryAt } from '../src/cache-directory.ts';
import { fetchSource } from '../src/sources/fetch-source.ts';
import { half, loopbackMirror, others, sourceOf, status, whole } from './loopback-mirror.ts';
import { errorOf, scratchDirectory } from './support.ts';

const hello = sourceOf('hello');

afterEach(() => void vi.unstubAllEnvs());

describe('fetchSource()', () => {
  test('downloads the file of a source package', async () => {
    await loopbackMirror({ hello: whole }, ['hello']);
    const cache = cacheDirectoryAt(await scratchDirectory());
    const [path = ''] = (await fetchSource(hello, cache)).values();
    expect(await readFile(path, 'utf8')).toBe('the package hello\n');
  });

  test('names package and version, and the way out, when the lists still have what the mirror has deleted', async () => {
    await loopbackMirror({ hello: status(404) }, ['hello']);
    const cache = cacheDirectoryAt(await scratchDirectory());
    const { code, message, hint } = await errorOf(fetchSource(hello, cache));
    expect([code, message]).toEqual([
      'SOURCE_VERSION_GONE',
      `Cannot download source hello ${hello.version} (${hello.upstream.name}): the mirror has its files no more`,
    ]);
    expect(hint).toContain(`into ${cache.sources}, each named by its SHA-256`);
  });

  test('says which versions there are when the lists have moved on since they were read', async () => {
    const answers = { hello: whole, other: whole };
    const sources = ['hello', 'other'];
    await loopbackMirror(answers, sources);
    const cache = cacheDirectoryAt(await scratchDirectory());
    await fetchSource(sourceOf('other'), cache);
    answers.hello = status(404);
    sources.shift();
    const { code, message } = await errorOf(fetchSource(hello, cache));
    expect([code, message]).toEqual([
      'SOURCE_VERSION_GONE',
      `Cannot download source hello ${hello.version} (${hello.upstream.name}): trixie has no such package`,
    ]);
  });

  test.each([
    ['an error of the server', status(500)],
    ['a file that ends too early', half],
  ])('shows what apt says, and keeps nothing, after %s', async (_, answer) => {
    await loopbackMirror({ hello: answer }, ['hello']);
    const cache = cacheDirectoryAt(await scratchDirectory());
    const { code, message } = await errorOf(fetchSource(hello, cache));
    expect([code, message]).toEqual(['APT_FAILED', expect.stringContaining('hello_1')]);
    expect(await readdir(join(cache.root, 'sources'))).toEqual([]);
  });

  test('names both hashes, and keeps nothing, when the mirror gives other bytes than its lists have', async () => {
    await loopbackMirror({ hello: others }, ['hello']);
    const cache = cacheDirectoryAt(await scratchDirectory());
    const { code, message } = await errorOf(fetchSource(hello, cache));
    expect(code).toBe('SOURCE_BAD_HASH');
    expect(message).toContain(`what the mirror has as ${hello.upstream.name} of hello ${hello.version}`);
    expect(await readdir(join(cache.root, 'sources'))).toEqual([]);
  });
});
