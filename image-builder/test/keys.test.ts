import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { generateKeyFiles, readPublicPem } from '../src/keys.ts';
import { scratchDirectory } from './support/scratch.ts';

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
