/** What is named in place of a file is told, with a code of its own and never with a stack. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, expect, it } from 'vitest';

import { cocon, mustRun } from './support/cocon.ts';
import { kernelLayer, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();
let workplace: string;

beforeAll(async () => {
  workplace = scratch('workplace');
  mkdirSync(join(workplace, 'directory'), { recursive: true });
  symlinkSync('circle', join(workplace, 'circle'));
  writeFileSync(join(workplace, 'file'), '');
  writeLayout(join(workplace, 'image'), [{ tar: await kernelLayer() }]);
  await mustRun(workplace, 'keygen', 'release');
});

const PLACES = ['directory', 'circle', 'file/below', 'missing/file', 'x'.repeat(300)];

it.for(
  PLACES.flatMap((place) => [
    ['seal', place, '--key', 'release.key', '-o', 'out.oci'],
    ['seal', 'image', '--key', place, '-o', 'out.oci'],
    ['seal', 'image', '--key', 'release.key', '-o', place === 'missing/file' ? 'file/below' : place],
    ['seal', 'image', '--config', place],
    ['image', place, '--trusted-key', 'release.pub', '-o', 'out.img'],
    ['image', 'release.oci', '--trusted-key', place, '-o', 'out.img'],
    ['image', 'release.oci', '--trusted-key', 'release.pub', '--loader', place, '-o', 'out.img'],
    ['bundle', place, '-o', 'out.erofs'],
    ['inspect', place],
    ['run', place],
    ['graph', '-o', place],
    ['build', '--trusted-key', place],
  ]),
)('cocon %j', async (words) => {
  const { status, out, err } = await cocon(workplace, ...words, '--json');
  const { error } = JSON.parse(out) as { error?: { code: string; message: string; hint: string | null } };
  // What is written under the name of a link takes its place.
  if (status === 0) return expect([words[0], words.at(-1)]).toEqual([expect.any(String), 'circle']);
  expect(error?.code).not.toBe('INTERNAL');
  expect(error?.hint).toMatch(/\.$/);
  expect(error?.message).not.toMatch(/Error: /);
  expect(err).not.toMatch(/^ +at /m);
  return undefined;
});
