/** The same release, built and sealed in two directories, is the same artifact and the same disk. */
import { createHash, createPublicKey } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import { checkConfig, rawPublicKey, writeDisk } from '@cocon-os/image-builder';
import { makeScratch } from '@cocon-os/qemu';
import { expect, it } from 'vitest';

import { LOADER, sealRelease, signingKey } from '../demo/releases.ts';

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

it('sealRelease() and writeDisk() give the same bytes in another directory', async () => {
  using scratch = makeScratch('reproducible');
  const key = signingKey(scratch.file('release.key'));
  const build = async (name: string): Promise<Record<string, string>> => {
    const directory = scratch.file(name);
    mkdirSync(directory);
    const artifact = join(directory, 'release.oci');
    const disk = join(directory, 'disk.img');
    const sealed = await sealRelease({ version: '1', variant: 'standard' }, key, directory, artifact);
    await writeDisk({
      config: checkConfig({}),
      releases: [artifact],
      loader: LOADER,
      trustedKeys: [rawPublicKey(createPublicKey(key))],
      output: disk,
      progress: silentProgress,
    });
    return {
      image: sealed.imageDigest,
      release: sealed.releaseDigest,
      artifact: digestOf(artifact),
      disk: digestOf(disk),
    };
  };
  expect(await build('another-and-longer-name')).toEqual(await build('a'));
});
