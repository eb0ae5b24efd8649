/** `fetchCrates()` by the real cargo from a real registry, and all that such a registry may answer. */
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import type { LockedCrate } from '../src/sources/cargo-lock.ts';
import { fetchCrates } from '../src/sources/fetch-crates.ts';
import { sha256Of } from '../src/stable-json.ts';
import { errorOf, scratchDirectory } from './support.ts';

afterEach(() => void vi.unstubAllEnvs());

/** A crate of one empty library. */
async function crateFile(name: string): Promise<Buffer> {
  const mtime = new Date(0);
  const tar = pack();
  tar.entry(
    { name: `${name}-1.0.0/Cargo.toml`, mtime },
    `[package]\nname = "${name}"\nversion = "1.0.0"\nedition = "2024"\n`,
  );
  tar.entry({ name: `${name}-1.0.0/src/lib.rs`, mtime }, '');
  tar.finalize();
  return gzipSync(await buffer(tar));
}

const locked = async (name: string): Promise<LockedCrate> => ({
  name,
  version: '1.0.0',
  sha256: sha256Of(await crateFile(name)),
});

interface Registry {
  /** Crates that their authors have withdrawn. */
  readonly withdrawn?: readonly string[];
  /** What comes in place of every crate's file. */
  readonly file?: Buffer;
}

/** A registry with the crates `hello` and `world`, for a cargo with an empty home. Returns how to end it. */
async function registry({ withdrawn = [], file }: Registry = {}): Promise<() => void> {
  const server = createServer(async (request, response) => {
    const [, last = ''] = /\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (last === 'config.json') return response.end(JSON.stringify({ dl: `${address()}/file/{crate}` }));
    if (last !== 'hello' && last !== 'world') return response.writeHead(404).end();
    const bytes = await crateFile(last);
    if (request.url?.startsWith('/file/') === true) return response.end(file ?? bytes);
    const line = {
      name: last,
      vers: '1.0.0',
      deps: [],
      cksum: sha256Of(bytes),
      features: {},
      yanked: withdrawn.includes(last),
    };
    return response.end(`${JSON.stringify(line)}\n`);
  }).listen(0, '127.0.0.1');
  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  await once(server, 'listening');
  const home = await scratchDirectory();
  await writeFile(
    join(home, 'config.toml'),
    `[source.crates-io]\nreplace-with = "loopback"\n[source.loopback]\nregistry = "sparse+${address()}/"\n[net]\nretry = 0\n`,
  );
  vi.stubEnv('CARGO_HOME', home);
  for (const name of ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) vi.stubEnv(name, '');
  return stop;
}

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(await scratchDirectory());
}

const fetchInto = (cache: CacheDirectory, ...crates: readonly LockedCrate[]) =>
  fetchCrates(crates, cache, () => {});

describe('fetchCrates()', () => {
  test('fetches what the cache does not have, each under its SHA-256, and needs no network after that', async () => {
    const stop = await registry();
    const cache = await emptyCache();
    const [hello, world] = [await locked('hello'), await locked('world')];
    await fetchInto(cache, hello);
    const files = await fetchInto(cache, hello, world);
    expect(Object.keys(files)).toEqual(['hello-1.0.0.crate', 'world-1.0.0.crate']);
    expect(await readFile(files['world-1.0.0.crate'] ?? '')).toEqual(await crateFile('world'));
    expect((await readdir(cache.sources)).toSorted()).toEqual([hello.sha256, world.sha256].toSorted());
    stop();
    expect(await fetchInto(cache, hello, world)).toEqual(files);
  });

  test('fetches a version that its author has withdrawn since it was locked', async () => {
    await registry({ withdrawn: ['hello'] });
    const cache = await emptyCache();
    expect(Object.keys(await fetchInto(cache, await locked('hello')))).toEqual(['hello-1.0.0.crate']);
  });

  test.each([
    ['the lock has another checksum than the registry', {}, 'f'.repeat(64)],
    ['the registry gives another file than it has listed', { file: Buffer.from('others') }, undefined],
  ])('keeps nothing, and warns of it, when %s', async (_, answers, sha256) => {
    await registry(answers);
    const cache = await emptyCache();
    const hello = await locked('hello');
    const error = await errorOf(fetchInto(cache, { ...hello, sha256: sha256 ?? hello.sha256 }));
    expect([error.code, error.hint]).toEqual(['SOURCE_BAD_HASH', expect.stringContaining('Do not build it')]);
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test("does not take a file of cargo's own cache that somebody has changed", async () => {
    await registry();
    const hello = await locked('hello');
    await fetchInto(await emptyCache(), hello);
    const cached = join(process.env['CARGO_HOME'] ?? '', 'registry/cache');
    const [name = ''] = await readdir(cached);
    await writeFile(join(cached, name, 'hello-1.0.0.crate'), await crateFile('world'));
    const cache = await emptyCache();
    const error = await errorOf(fetchInto(cache, hello));
    expect(error.code).toBe('SOURCE_BAD_HASH');
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test('does not take a file of the cache that has changed', async () => {
    const cache = await emptyCache();
    const hello = await locked('hello');
    await mkdir(cache.sources);
    await writeFile(join(cache.sources, hello.sha256), 'others');
    const error = await errorOf(fetchInto(cache, hello));
    expect([error.code, error.hint]).toEqual(['SOURCE_BAD_HASH', expect.stringContaining('Remove it')]);
  });

  test('shows what cargo says, and points to the network, when no registry answers', async () => {
    (await registry())();
    const cache = await emptyCache();
    const error = await errorOf(fetchInto(cache, await locked('hello')));
    expect(error.code).toBe('SOURCE_FETCH_FAILED');
    expect(error.message).toMatch(/Could not connect|failed to (?:get|download|query)/i);
    expect(error.hint).toContain('Check the network');
    expect(await readdir(cache.sources)).toEqual([]);
  });

  test('takes crates from the directory of the user when no registry answers', async () => {
    const stop = await registry();
    stop();
    const directory = await scratchDirectory();
    vi.stubEnv('COCON_SOURCES', directory);
    const [hello, world] = [await locked('hello'), await locked('world')];
    await writeFile(join(directory, hello.sha256), await crateFile('hello'));
    const cache = await emptyCache();
    expect((await errorOf(fetchCrates([hello, world], cache, () => {}))).code).toBe('SOURCE_FETCH_FAILED');
    await writeFile(join(directory, 'world-1.0.0.crate'), await crateFile('world'));
    const paths = await fetchCrates([hello, world], cache, () => {});
    expect(await readFile(paths['world-1.0.0.crate'] ?? '')).toEqual(await crateFile('world'));
  });
});
