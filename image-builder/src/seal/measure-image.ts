/** Seals an image to see how large it becomes, with a key that nobody keeps, and keeps nothing of it. */
import { generateKeyPairSync } from 'node:crypto';

import { silentProgress } from '@cocon-os/cli';
import { makeScratch } from '@cocon-os/qemu';

import { checkConfig, loadConfig } from '../config/load-config.ts';
import { openInput } from '../oci/input.ts';
import { seal } from './seal.ts';
import { sealedBytesOf } from './sealed-bytes.ts';

/**
 * Bytes of everything that a slot holds of the image in `layoutDirectory`, sealed as the configuration of `cwd` says.
 * Throws what sealing throws.
 */
export async function measureImage(
  { layoutDirectory, architecture }: { readonly layoutDirectory: string; readonly architecture: string },
  cwd: string,
): Promise<number> {
  const { config: settings, resolvePath } = await loadConfig(cwd);
  const config = checkConfig({ ...settings, architecture });
  const { mkfsErofs } = config.tools;
  using scratch = makeScratch('measure');
  const source = await openInput(layoutDirectory);
  try {
    const { release } = await seal(source, {
      config,
      keys: [generateKeyPairSync('ed25519').privateKey],
      mkfsErofs: mkfsErofs === undefined ? undefined : resolvePath(mkfsErofs),
      output: scratch.file('release.oci'),
      progress: silentProgress,
    });
    return sealedBytesOf(release);
  } finally {
    await source.close();
  }
}
