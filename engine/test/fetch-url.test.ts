import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import { fetchUrl } from '../src/sources/fetch-url.ts';
import { errorOf, scratchDirectory } from './support.ts';

const BYTES = Buffer.alloc(3 * 2 ** 20, 'abc');
const sha256 = createHash('sha256').update(BYTES).digest('hex');

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(await scratchDirectory());
}

/** The address of a server for one test, and how often it was asked. */
async function serve(answer: RequestListener): Promise<{ url: string; asked: () => number }> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is one
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hello-1.0.tar.gz`, asked: () => count };
}

afterEach(() => void vi.unstubAllEnvs());

describe('fetchUrl()', () => {
  test('downloads once, says how far it is, and checks the cached file each time', async () => {
    const cache = await emptyCache();
    const { url, asked } = await serve((_, response) => {
      response.setHeader('content-length', BYTES.length);
      response.end(BYTES);
    });
    const lines: string[] = [];
    const path = await fetchUrl({ url, sha256 }, cache, (line) => lines.push(line));
    expect(path).toBe(join(cache.sources, sha256));
    expect(await readFile(path)).toEqual(BYTES);
    expect(lines.at(-1)).toMatch(/^\S+ MiB of 3 MiB of http/);
    await fetchUrl({ url, sha256 }, cache, () => {});
    expect(asked()).toBe(1);
    await writeFile(path, 'something else');
    const error = await errorOf(fetchUrl({ url, sha256 }, cache, () => {}));
    expect([error.code, error.hint]).toEqual([
      'SOURCE_BAD_HASH',
      'Remove it from the cache; it is downloaded again.',
    ]);
  });

  test('refuses another file than the one that was pinned, and keeps nothing of it', async () => {
    const cache = await emptyCache();
    const { url } = await serve((_, response) => response.end('another file'));
    const error = await errorOf(fetchUrl({ url, sha256 }, cache, () => {}));
    expect(error.code).toBe('SOURCE_BAD_HASH');
    expect(error.message).toContain(`pinned is ${sha256}`);
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test('says that a source has vanished, and where it can be put instead', async () => {
    const cache = await emptyCache();
    const { url } = await serve((_, response) => {
      response.statusCode = 404;
      response.end('no');
    });
    const error = await errorOf(fetchUrl({ url, sha256 }, cache, () => {}));
    expect(error.code).toBe('SOURCE_GONE');
    expect(error.message).toBe(`Cannot download ${url}: the server answered 404 Not Found`);
    expect(error.hint).toContain(`Put the file with SHA-256 ${sha256} into ${cache.sources}`);
  });

  test('says that a download broke off or that nobody answers, and keeps nothing of it', async () => {
    const cache = await emptyCache();
    const { url } = await serve((_, response) => {
      response.setHeader('content-length', BYTES.length);
      response.write(BYTES.subarray(0, 1000));
      setTimeout(() => response.destroy(), 20);
    });
    const cut = await errorOf(fetchUrl({ url, sha256 }, cache, () => {}));
    expect([cut.code, cut.message]).toEqual([
      'SOURCE_FETCH_FAILED',
      expect.stringContaining('it broke off after 1000 B'),
    ]);
    const nobody = await errorOf(fetchUrl({ url: 'http://127.0.0.1:9/x', sha256 }, cache, () => {}));
    expect(nobody.code).toBe('SOURCE_FETCH_FAILED');
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test('takes what the server has lost from the directory of the user, by hash or by name, and nothing else', async () => {
    const directory = await scratchDirectory();
    vi.stubEnv('COCON_SOURCES', directory);
    const { url } = await serve((_, response) => void response.writeHead(404).end());
    await writeFile(join(directory, 'hello-1.0.tar.gz'), 'other bytes');
    const cache = await emptyCache();
    expect((await errorOf(fetchUrl({ url, sha256 }, cache, () => {}))).code).toBe('SOURCE_GONE');
    expect(await readdir(cache.sources)).toEqual([]);
    await writeFile(join(directory, sha256), BYTES);
    expect(await fetchUrl({ url, sha256 }, cache, () => {})).toBe(join(cache.sources, sha256));

    await rm(join(directory, sha256));
    await writeFile(join(directory, 'hello-1.0.tar.gz'), BYTES);
    const other = await emptyCache();
    expect(await readFile(await fetchUrl({ url, sha256 }, other, () => {}))).toEqual(BYTES);
    await rm(directory, { recursive: true });
    const error = await errorOf(fetchUrl({ url, sha256 }, await emptyCache(), () => {}));
    expect(error.message).toBe(`Cannot look into ${directory}: it is not a directory`);
  });
});
