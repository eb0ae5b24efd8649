import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import { sha256OfFile } from '../src/files.ts';
import { generateKernelTypes } from '../src/kconfig/generate-types.ts';
import { extractKconfig, readKconfigTree } from '../src/kconfig/tree.ts';
import { runProcess } from '../src/run-process.ts';
import type { DebianSource } from '../src/sources/debian-source.ts';
import { errorOf, scratchDirectory } from './support.ts';

const FILES: Readonly<Record<string, string>> = {
  Kconfig: 'source "arch/$(SRCARCH)/Kconfig"\nsource "fs/Kconfig.local"\n',
  'arch/x86/Kconfig': 'config X86\n\tdef_bool y\n',
  'fs/Kconfig.local': 'config LOCAL\n\tbool "local"\n',
  'fs/inode.c': 'int main(void);\n',
  'scripts/kconfig/tests/Kconfig': 'config TEST\n\tbool\n',
};

/** A source in the cache that holds some files below one directory. */
async function sourceOf(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly source: DebianSource; readonly cache: CacheDirectory }> {
  const scratch = await scratchDirectory();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(scratch, 'sample-1', path, '..'), { recursive: true });
    await writeFile(join(scratch, 'sample-1', path), text);
  }
  const archive = join(scratch, 'sample.tar.xz');
  expect(await runProcess('tar', ['-C', scratch, '-cJf', archive, 'sample-1'])).toMatchObject({ status: 0 });
  const sha256 = await sha256OfFile(archive);
  const cache = cacheDirectoryAt(join(scratch, 'cache'));
  await mkdir(cache.sources, { recursive: true });
  await copyFile(archive, join(cache.sources, sha256));
  const file = { name: 'sample.tar.xz', sha256 };
  return { source: { package: 'sample', version: '1', upstream: file, debian: file, patched: false }, cache };
}

describe('extractKconfig()', () => {
  it('takes the Kconfig files and nothing else out of the archive, once', async () => {
    const { source, cache } = await sourceOf(FILES);
    const [one, other] = await Promise.all([extractKconfig(source, cache), extractKconfig(source, cache)]);
    expect(other).toBe(one);
    const found = await readdir(one, { recursive: true, withFileTypes: true });
    const files = found.filter((entry) => entry.isFile()).map(({ name }) => name);
    expect(files.toSorted()).toEqual(['Kconfig', 'Kconfig', 'Kconfig.local']);
    expect(readKconfigTree(one, 'x86').symbols.map(({ name }) => name)).toEqual(['X86', 'LOCAL']);
    expect(await readdir(join(cache.root, 'kconfig'))).toHaveLength(1);
    // The second call would fail without its archive if it looked for it.
    await writeFile(join(cache.sources, source.upstream.sha256), 'gone');
    expect(await extractKconfig(source, cache)).toBe(one);
  });

  it('leaves nothing when the archive holds no Kconfig file, or is none', async () => {
    const { source, cache } = await sourceOf({ 'main.c': '' });
    expect(await errorOf(extractKconfig(source, cache))).toMatchObject({ code: 'KCONFIG_NOT_FOUND' });
    expect(await readdir(join(cache.root, 'kconfig'))).toEqual([]);
    await writeFile(join(cache.sources, source.upstream.sha256), 'damaged');
    expect(await errorOf(extractKconfig(source, cache))).toMatchObject({ code: 'SOURCE_BAD_HASH' });
  });
});

describe('generateKernelTypes()', () => {
  it('writes the declaration once for a source, and again for another one', async () => {
    const { source, cache } = await sourceOf({ Kconfig: 'config TTY\n\tbool "tty"\n' });
    const file = join(cache.root, 'generated/kernel-symbols.d.ts');
    let starts = 0;
    const generate = (of: DebianSource): Promise<void> =>
      generateKernelTypes({ file, source: of, cache, onStart: () => (starts += 1) });
    await Promise.all([generate(source), generate(source)]);
    starts = 0;
    await generate(source);
    expect(starts).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('TTY: BoolSymbol;');
    await writeFile(file, text.replace(source.upstream.sha256, 'another'));
    await generate(source);
    expect([starts, await readFile(file, 'utf8')]).toEqual([1, text]);
    expect(await readdir(join(cache.root, 'generated'))).toEqual(['kernel-symbols.d.ts']);
  });

  it('leaves the declaration that is there when it cannot make a new one', async () => {
    const { source, cache } = await sourceOf({ Kconfig: 'wibble\n' });
    const file = join(cache.root, 'kernel-symbols.d.ts');
    await writeFile(file, 'old');
    const call = generateKernelTypes({ file, source, cache, onStart: () => {} });
    expect(await errorOf(call)).toMatchObject({ code: 'KCONFIG_INVALID' });
    expect(await readFile(file, 'utf8')).toBe('old');
  });
});

describe('readKconfigTree()', () => {
  it('says which file is missing', async () => {
    const directory = await scratchDirectory();
    expect(() => readKconfigTree(directory, 'x86')).toThrow('Cannot read Kconfig: there is no such file');
    await writeFile(join(directory, 'Kconfig'), 'source "fs"\n');
    await mkdir(join(directory, 'fs'));
    expect(() => readKconfigTree(directory, 'x86')).toThrow('Cannot read fs: Kconfig:1 includes it');
  });
});
