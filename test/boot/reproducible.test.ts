/** The same release, built and sealed in two directories, is the same artifact and the same disk. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeScratch } from '@cocon-os/qemu';
import { expect, it } from 'vitest';

import { sealFirstOs } from '../support/first-os.ts';
import { createReleaseKey, makeDisk } from '../support/releases.ts';

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

it('sealFirstOs() and makeDisk() give the same bytes in another directory', async () => {
  using scratch = makeScratch('reproducible');
  const key = createReleaseKey();
  const build = async (name: string): Promise<Record<string, string>> => {
    const directory = scratch.file(name);
    mkdirSync(directory);
    const { output, imageDigest, releaseDigest } = await sealFirstOs(directory, key, { version: '1' });
    const disk = join(directory, 'disk.img');
    await makeDisk([output], disk, key);
    return { imageDigest, releaseDigest, artifact: digestOf(output), disk: digestOf(disk) };
  };
  expect(await build('another-and-longer-name')).toEqual(await build('a'));
});
