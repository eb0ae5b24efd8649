import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { generateKeyFiles, readPublicPem } from '../src/keys.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const ROOT = join(import.meta.dirname, '../..');

const scratch = scratchDirectory();

it('readPublicPem() gives the public part alone, also of a private key', async () => {
  const { privatePath, publicPath } = await generateKeyFiles(scratch('pair'));
  const pem = await readPublicPem(publicPath);
  expect(pem).toBe(readFileSync(publicPath, 'utf8'));
  expect(await readPublicPem(privatePath)).toBe(pem);
  expect(pem).not.toContain('PRIVATE');
});

it('readPublicPem() refuses what is no key', async () => {
  await expect(readPublicPem(import.meta.filename)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  await expect(readPublicPem(scratch('none'))).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
});

it.each(['pub', 'key'])(
  'generateKeyFiles() writes nothing when there is a .%s already',
  async (extension) => {
    const directory = scratch('half');
    mkdirSync(directory);
    const name = join(directory, 'release');
    writeFileSync(`${name}.${extension}`, 'mine');
    await expect(generateKeyFiles(name)).rejects.toMatchObject({ code: 'KEY_EXISTS' });
    expect(readdirSync(directory)).toEqual([`release.${extension}`]);
    expect(readFileSync(`${name}.${extension}`, 'utf8')).toBe('mine');
  },
);

it('cocon keygen leaves nothing where there is no room', async () => {
  const directory = scratch('full');
  mkdirSync(directory);
  const [script, program] = [join(ROOT, 'scripts/node'), join(ROOT, 'image-builder/bin/cocon.ts')];
  const run = sh('cd "$1"; ulimit -f 0; bash "$2" "$3" keygen release 2>&1', directory, script, program);
  await expect(run).rejects.toMatchObject({ stdout: expect.stringContaining('[OUTPUT_FAILED]') as unknown });
  expect(readdirSync(directory)).toEqual([]);
});
