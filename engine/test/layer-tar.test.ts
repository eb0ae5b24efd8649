import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { LayerEntry } from '../src/define/recipe.ts';
import { layerOf, type LayerStream } from '../src/layer/layer-tar.ts';
import { membersOfDirectory, membersOfEntries } from '../src/layer/members.ts';
import { codeOf, errorOf, scratchDirectory } from './support.ts';

async function directoryLayer(root: string, prefixes: readonly string[]): Promise<LayerStream> {
  return layerOf(await membersOfDirectory(root, prefixes));
}

function entriesLayer(entries: readonly LayerEntry[]): LayerStream {
  return layerOf(membersOfEntries(entries));
}

async function bytesOf(layer: LayerStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function digestOf(layer: LayerStream): Promise<string> {
  return createHash('sha256')
    .update(await bytesOf(layer))
    .digest('hex');
}

/** What the system's tar says is in a layer. */
async function listing(layer: LayerStream): Promise<string[]> {
  const input = await bytesOf(layer);
  const text = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--full-time', '--utc'], {
    input,
  });
  return text
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
}

async function fill(root: string, order: readonly string[]): Promise<void> {
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  for (const name of order) await writeFile(join(root, 'usr/bin', name), `I am ${name}\n`);
  await chmod(join(root, 'usr/bin/b'), 0o4755);
  await symlink('b', join(root, 'usr/bin/link'));
  await mkdir(join(root, 'usr/lib'));
  await writeFile(join(root, 'usr/lib.txt'), '');
}

describe('layerOf() of a directory', () => {
  it('depends neither on the order of creation nor on times nor on the place', async () => {
    const [one, two] = [await scratchDirectory(), await scratchDirectory()];
    await fill(one, ['a', 'b', 'c']);
    await fill(two, ['c', 'b', 'a']);
    await utimes(join(two, 'usr/bin/a'), 0, 0);
    expect(await digestOf(await directoryLayer(two, ['']))).toBe(
      await digestOf(await directoryLayer(one, [''])),
    );
  });

  it('keeps modes, sorts by path, and gives everything to 0:0 at the one time', async () => {
    const root = await scratchDirectory();
    await fill(root, ['b']);
    expect(await listing(await directoryLayer(root, ['']))).toEqual([
      'drwxr-xr-x 0/0 0 2025-01-01 00:00:00 usr',
      'drwxr-xr-x 0/0 0 2025-01-01 00:00:00 usr/bin',
      '-rwsr-xr-x 0/0 7 2025-01-01 00:00:00 usr/bin/b',
      'lrwxrwxrwx 0/0 0 2025-01-01 00:00:00 usr/bin/link -> b',
      'drwxr-xr-x 0/0 0 2025-01-01 00:00:00 usr/lib',
      '-rw-r--r-- 0/0 0 2025-01-01 00:00:00 usr/lib.txt',
    ]);
  });

  it('takes the chosen prefixes with the directories above them, and nothing beside', async () => {
    const root = await scratchDirectory();
    await fill(root, ['b']);
    const paths = (await listing(await directoryLayer(root, ['usr/lib']))).map((line) =>
      line.split(' ').at(-1),
    );
    expect(paths).toEqual(['usr', 'usr/lib']);
  });

  it('refuses what no layer should carry', async () => {
    const root = await scratchDirectory();
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect((await errorOf(directoryLayer(root, ['']))).code).toBe('OUTPUT_INVALID');
  });

  it.each(['.wh.passwd', '.wh..wh..opq'])(
    'refuses %s, which would remove what other layers bring',
    async (name) => {
      const root = await scratchDirectory();
      await mkdir(join(root, 'etc'));
      await writeFile(join(root, 'etc', name), '');
      const { code, message } = await errorOf(directoryLayer(root, ['']));
      expect([code, message]).toEqual([
        'OUTPUT_INVALID',
        `Cannot put "etc/${name}" into a layer: in a layer, that name removes what lower ones have`,
      ]);
    },
  );
});

describe('layerOf() of entries', () => {
  it('adds the directories above and honours modes and owners', async () => {
    const entries: LayerEntry[] = [
      { type: 'file', path: 'etc/cocon/keys/a.pem', mode: 0o640, uid: 7, gid: 8, contents: 'key' },
      { type: 'directory', path: 'etc/cocon', mode: 0o700 },
      { type: 'symlink', path: 'etc/mtab', target: '../proc/self/mounts' },
    ];
    expect(await listing(entriesLayer(entries))).toEqual([
      'drwxr-xr-x 0/0 0 2025-01-01 00:00:00 etc',
      'drwx------ 0/0 0 2025-01-01 00:00:00 etc/cocon',
      'drwxr-xr-x 0/0 0 2025-01-01 00:00:00 etc/cocon/keys',
      '-rw-r----- 7/8 3 2025-01-01 00:00:00 etc/cocon/keys/a.pem',
      'lrwxrwxrwx 0/0 0 2025-01-01 00:00:00 etc/mtab -> ../proc/self/mounts',
    ]);
  });

  it('keeps the mode 0', async () => {
    const entries: LayerEntry[] = [
      { type: 'directory', path: 'closed', mode: 0 },
      { type: 'file', path: 'secret', mode: 0, contents: 'key' },
    ];
    expect(await listing(entriesLayer(entries))).toEqual([
      'd--------- 0/0 0 2025-01-01 00:00:00 closed',
      '---------- 0/0 3 2025-01-01 00:00:00 secret',
    ]);
  });

  it.each(['/etc/passwd', '../escape', 'a//b', 'a/./b', 'a/', ''])('refuses the path %j', (path) => {
    expect(codeOf(() => entriesLayer([{ type: 'directory', path, mode: 0o755 }]))).toBe('OUTPUT_INVALID');
  });

  const name = fc.stringMatching(/^[a-z0-9._-]{1,12}$/).filter((text) => text !== '.' && text !== '..');
  it('gives the same bytes in whatever order entries come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 20 }), async (names) => {
        const entries = names.map((path): LayerEntry => ({
          type: 'file',
          path,
          mode: 0o644,
          contents: path,
        }));
        expect(await digestOf(entriesLayer(entries.toReversed()))).toBe(
          await digestOf(entriesLayer(entries)),
        );
      }),
      { numRuns: 30 },
    );
  });
});
