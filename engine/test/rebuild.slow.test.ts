/** Real slices, built again elsewhere from their sources: the layers must be those of the store, to the byte. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';
import { runProcess } from '../src/run-process.ts';

/** Those of the embedded profile that take seconds. */
const QUICK = ['argp', 'libcap', 'libseccomp', 'yajl', 'linux-config', 'base-files', 'containers'];

async function cocon(...args: readonly string[]): Promise<readonly string[]> {
  const command = [join(REPOSITORY, 'image-builder/bin/cocon.ts'), ...args];
  const { status, tail } = await runProcess('bash', [join(REPOSITORY, 'scripts/node'), ...command], {
    cwd: REPOSITORY,
    environment: process.env,
  });
  expect({ status, said: tail.join('\n') }).toMatchObject({ status: 0 });
  return tail;
}

test('cocon verify --rebuild gives the quick slices of embedded the same digests', async () => {
  await cocon('build', 'embedded', ...QUICK.flatMap((name) => ['--target', name]));
  const said = await cocon('verify', '--rebuild', ...QUICK);
  const same = said.filter((line) => /: the same, sha256:[0-9a-f]{64}$/.test(line));
  expect(same).toHaveLength(QUICK.length);
});
