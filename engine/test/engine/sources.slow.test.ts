/** Every kind of source, from where it lies to what a step sees of it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test } from 'vitest';

import { buildGraph } from '../../src/engine/build.ts';
import { openStore } from '../../src/engine/store.ts';
import { localDigest } from '../../src/graph/local-digest.ts';
import type { GraphPatch, GraphSource } from '../../src/graph/graph.ts';
import { readLayerFile } from '../../src/layer/read-layer.ts';
import { sha256Of } from '../../src/stable-json.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { freshCache, graphOf, stepsNode } from './support.ts';

/** What a step finds in `/build`: modes, paths, targets of links, and the contents of files. */
const LOOK = `
find source -printf '%m %p %l\\n' | sed 's/ $//' | sort -k 2 >/out/seen
find source -type f | sort | xargs cat >>/out/seen`;

/** `cached` are files that lie in the cache already. */
async function seen(source: GraphSource, cached: readonly Buffer[] = []): Promise<readonly string[]> {
  const own = await freshCache();
  // Files of a test do not belong into the usual cache.
  const cache = { ...own, sources: join(own.root, 'own-sources') };
  await mkdir(cache.sources);
  for (const file of cached) await writeFile(join(cache.sources, sha256Of(file)), file);
  const node = stepsNode('sample', [LOOK], { source });
  const built = await buildGraph(graphOf([node]), { cache, lock });
  const layer = openStore(cache.store).pathOf(built.get(node.id)?.outputs.runtime?.digest ?? '');
  return String(await readLayerFile(layer, 'seen'))
    .trimEnd()
    .split('\n');
}

/** A directory with a program, a link and a file in a directory of its own. */
async function tree(): Promise<string> {
  const directory = join(await scratchDirectory(), 'hello-1.0');
  await mkdir(join(directory, 'doc'), { recursive: true });
  await writeFile(join(directory, 'run'), '#!/bin/sh\n');
  await chmod(join(directory, 'run'), 0o755);
  await writeFile(join(directory, 'doc/text'), 'a text\n');
  await symlink('run', join(directory, 'link'));
  return directory;
}

/** A patch that replaces the line of `doc/text`. */
async function patch(directory: string, name: string, from: string, to: string): Promise<GraphPatch> {
  const path = join(directory, '..', name);
  const text = `--- a/doc/text\n+++ b/doc/text\n@@ -1 +1 @@\n-${from}\n+${to}\n`;
  await writeFile(path, text);
  return { name, path, sha256: sha256Of(text) };
}

const WHOLE = [
  '755 source',
  '755 source/doc',
  '644 source/doc/text',
  '777 source/link run',
  '755 source/run',
  'a text',
  '#!/bin/sh',
];

describe('a step finds in /build/source', () => {
  test('the files of an archive at an address, without its first directory and what is excluded', async () => {
    const directory = await tree();
    const archive = join(directory, '../hello.tar.gz');
    await promisify(execFile)('tar', ['-C', join(directory, '..'), '-czf', archive, 'hello-1.0']);
    const bytes = await readFile(archive);
    const server = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hello.tar.gz`;
    const source = { kind: 'url', url, sha256: sha256Of(bytes) } as const;
    expect(await seen({ ...source, exclude: [] })).toEqual(WHOLE);
    expect(await seen({ ...source, exclude: ['*/doc', "it's not there"] })).toEqual(
      WHOLE.filter((line) => !/doc|text/.test(line)),
    );
  });

  test('what patches have made of it, in their order', async () => {
    const directory = await tree();
    const archive = join(directory, '../hello.tar');
    await promisify(execFile)('tar', ['-C', join(directory, '..'), '-cf', archive, 'hello-1.0']);
    const bytes = await readFile(archive);
    const source = { kind: 'url', url: 'http://127.0.0.1:1/', sha256: sha256Of(bytes), exclude: [] } as const;
    const first = await patch(directory, 'first.patch', 'a text', 'a second text');
    const second = await patch(directory, 'second.patch', 'a second text', 'a third text');
    const text = async (...patches: readonly GraphPatch[]): Promise<string | undefined> =>
      (await seen({ ...source, patches }, [bytes])).at(-2);
    expect(await text(first, second)).toBe('a third text');

    const refused = await errorOf(text(second, first));
    expect(refused.code).toBe('BUILD_FAILED');
    expect(refused.message).toContain('patch second.patch');

    await writeFile(second.path, 'changed since');
    expect((await errorOf(text(first, second))).code).toBe('SOURCE_CHANGED');
    await rm(second.path);
    expect((await errorOf(text(first, second))).code).toBe('SOURCE_CHANGED');
  });

  test('the files of a commit', async () => {
    const directory = await tree();
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example'];
    const git = (...args: readonly string[]) =>
      promisify(execFile)('git', [...identity, ...args], { cwd: directory });
    await git('init', '--quiet', '.');
    await git('add', '.');
    await git('commit', '--quiet', '--message=one');
    const commit = (await git('rev-parse', 'HEAD')).stdout.trim();
    expect(await seen({ kind: 'git', url: pathToFileURL(directory).href, commit })).toEqual(WHOLE);
  });

  test('crates, each in its directory with the checksum that cargo compares', async () => {
    const directory = await tree();
    const archive = join(directory, '../hello.crate');
    await promisify(execFile)('tar', ['-C', join(directory, '..'), '-czf', archive, 'hello-1.0']);
    const bytes = await readFile(archive);
    const sha256 = sha256Of(bytes);
    const source = { kind: 'crates', crates: [{ name: 'hello', version: '1.0', sha256 }] } as const;
    const files = await seen(source, [bytes]);
    expect(files).toEqual([
      '755 source',
      '755 source/hello-1.0',
      '644 source/hello-1.0/.cargo-checksum.json',
      ...WHOLE.slice(1, -2).map((line) => line.replace('source', 'source/hello-1.0')),
      `{"files":{},"package":"${sha256}"}a text`,
      '#!/bin/sh',
    ]);
  });

  test('the files of a local directory, whatever their modes there', async () => {
    const path = await tree();
    await chmod(join(path, 'doc'), 0o700);
    await chmod(join(path, 'doc/text'), 0o600);
    expect(await seen({ kind: 'local', path, digest: await localDigest(path) })).toEqual(WHOLE);
  });

  test('a local file itself', async () => {
    const path = join(await tree(), 'run');
    const source = { kind: 'local', path, digest: await localDigest(path) } as const;
    expect(await seen(source)).toEqual(['755 source', '#!/bin/sh']);
    await writeFile(path, 'changed since');
    expect((await errorOf(seen(source))).code).toBe('SOURCE_CHANGED');
  });
});
