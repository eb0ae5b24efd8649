/** `fsck()` and `repair()` over stores in which all kinds of things lie. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { draftOf, processIdentity } from '../../src/drafts.ts';
import { fsck, repair } from '../../src/engine/fsck.ts';
import { presence } from '../../src/engine/presence.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { built, keyPathOf, layerOf, mended } from './fsck-support.ts';

describe('fsck()', () => {
  test('finds nothing in a sound store and in none', async () => {
    const none = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    expect(await fsck(none)).toEqual({ blobs: 0, keys: 0, bytes: 0, problems: [] });
    const { cache } = await built();
    expect(await fsck(cache)).toMatchObject({ blobs: 9, keys: 3, problems: [] });
  });

  test('looks through a store that lies elsewhere, by a link', async () => {
    const { cache } = await built();
    const linked = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    await mkdir(linked.root);
    await symlink(cache.store, linked.store);
    expect(await fsck(linked)).toMatchObject({ keys: 3, problems: [] });
  });

  test('says what is wrong with each thing', async () => {
    const { cache, store } = await built();
    const path = await layerOf(store, 'one');
    await rm(path);
    execFileSync('mkfifo', [path]);
    const { problems } = await fsck(cache);
    expect(problems).toContainEqual({ kind: 'not a file', path, detail: 'it is a named pipe' });
    expect(problems.map(({ kind }) => kind)).toEqual([
      'not a file',
      'output missing',
      'build missing',
      'index wrong',
    ]);
  });
});

describe('repair()', () => {
  test('mends a changed blob, a lost one and a changed record in one go, with all that leads to them', async () => {
    const { cache, store } = await built();
    const first = await layerOf(store, 'one');
    const bytes = await readFile(first);
    bytes[0] = 0xff;
    await writeFile(first, bytes);
    await rm(await layerOf(store, 'two'));
    const path = await keyPathOf(store, 'three');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"three"', '"trick"'));
    const notes = ['one', 'two', 'three'].map((name) => `build missing: ${name}@x86_64.json`);
    const keys = [await keyPathOf(store, 'one'), await keyPathOf(store, 'two')];
    expect(await mended({ cache, store })).toEqual(
      [
        `blob damaged: ${basename(first)}`,
        ...notes,
        'index wrong: index.json',
        'index wrong: index.json',
        `key wrong: ${basename(path)}`,
        ...keys.map((key) => `output missing: ${basename(key)}`),
      ].toSorted(),
    );
  });

  test('removes what no file is and what has no name of the store, and keeps the rest', async () => {
    const { cache, store } = await built();
    const blobs = join(cache.store, 'blobs/sha256');
    await mkdir(join(blobs, 'a'.repeat(64), 'deep'), { recursive: true });
    await writeFile(join(blobs, 'a'.repeat(64), 'deep/file'), '');
    await symlink('/etc/passwd', join(blobs, 'b'.repeat(64)));
    await symlink('nowhere', join(cache.store, 'keys', `${'c'.repeat(64)}.json`));
    execFileSync('mkfifo', [join(cache.store, 'keys', `${'d'.repeat(64)}.json`)]);
    const server = createServer().listen(join(cache.store, 'builds/e@x86_64.json'));
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    await writeFile(join(blobs, 'notes.txt'), '');
    await writeFile(join(cache.store, 'keys/e.json'), '');
    await writeFile(join(cache.store, 'builds/f'), '');
    expect(await mended({ cache, store })).toEqual(
      [
        `not a file: ${'a'.repeat(64)}`,
        `not a file: ${'b'.repeat(64)}`,
        `not a file: ${'c'.repeat(64)}.json`,
        `not a file: ${'d'.repeat(64)}.json`,
        'not a file: e@x86_64.json',
        'stray: e.json',
        'stray: f',
        'stray: notes.txt',
      ].toSorted(),
    );
    expect(await readFile('/etc/passwd', 'utf8')).toContain('root');
  });

  test.each(['', 'blobs', 'blobs/sha256', 'keys', 'builds', 'proofs'])(
    'makes a directory of what lies in the place of store/%s',
    async (name) => {
      const { cache, store } = await built();
      const path = join(cache.store, name);
      for (const put of [() => writeFile(path, ''), () => symlink('nowhere', path)]) {
        await rm(path, { recursive: true, force: true });
        await mkdir(dirname(path), { recursive: true });
        await put();
        expect(await mended({ cache, store })).toContain(`not a directory: ${basename(path)}`);
      }
    },
  );

  test.each([
    ['nonsense', '{"manifests":[{"digest":"sha256:../../../../etc/passwd","size":1}]}', 'index wrong'],
    ['a number', '7', 'index wrong'],
    ['cut', '{"manifests":[', 'index wrong'],
    ['a directory', undefined, 'not a file'],
  ])('writes an index anew that is %s', async (_, text, kind) => {
    for (const name of ['index.json', 'oci-layout']) {
      const { cache, store } = await built();
      const path = join(cache.store, name);
      await rm(path);
      if (text === undefined) await mkdir(path);
      else await writeFile(path, text);
      expect(await mended({ cache, store })).toEqual([`${kind}: ${name}`]);
    }
  });

  test('forgets a last build that cannot be one', async () => {
    const { cache, store } = await built();
    const texts = { one: '{', two: '{"key":"../../index"}', three: `{"key":"${'0'.repeat(64)}"}` };
    for (const [name, text] of Object.entries(texts)) await writeFile(store.nodePath(`${name}@x86_64`), text);
    expect(await mended({ cache, store })).toEqual([
      'build missing: three@x86_64.json',
      'note unreadable: one@x86_64.json',
      'note unreadable: two@x86_64.json',
    ]);
  });

  test('takes a record that is nested too deep for one that cannot be read', async () => {
    const { cache, store } = await built();
    const path = await keyPathOf(store, 'one');
    const record = `{"format":"cocon.key/1","needs":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    await writeFile(path, `{"record":${record},"outputs":{},"seconds":0}`);
    expect(await mended({ cache, store })).toContain(`key unreadable: ${basename(path)}`);
  });

  test('removes what killed processes left, those of other PID namespaces too, and nobody else', async () => {
    const { cache, store } = await built();
    const mine = await draftOf(join(cache.work, 'mine'));
    const identity = await processIdentity(process.pid);
    const dead = mine.replace(identity, identity.replace(/^\d+/, '99999999'));
    const elsewhere = mine.replace(/\.\d+-/, '.1-');
    await mkdir(cache.work, { recursive: true });
    for (const path of [mine, dead, elsewhere]) await writeFile(path, '');
    const { problems } = await fsck(cache);
    expect(problems.map(({ path }) => path)).toEqual([dead]);
    await repair(cache);
    expect(await readdir(cache.work)).toEqual([basename(mine)]);
    await rm(mine);
    expect(await mended({ cache, store })).toEqual([]);
  });

  test('does nothing while the store is used', async () => {
    const { cache, store } = await built();
    await rm(await layerOf(store, 'one'));
    const before = await fsck(cache);
    using _ = await presence(cache);
    expect((await errorOf(repair(cache))).code).toBe('STORE_BUSY');
    expect(await fsck(cache)).toEqual(before);
  });
});
