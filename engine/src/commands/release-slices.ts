/** What `cocon build` puts on top of a profile to make its image a release. */
import { basename, extname } from 'node:path';

import { UsageError } from '@cocon-os/cli';

import type { TrustedKey } from '@cocon-os/slices/release';
import type { Slice } from '../define/slice.ts';
import type { Sealer } from '../image/sealer.ts';

/** The slice `release` with the keys of those files, each called as its file; none without keys and version. Throws `USAGE`. */
export async function releaseSlices(
  files: readonly string[],
  version: string | undefined,
  sealer: Pick<Sealer, 'publicKey'>,
): Promise<readonly Slice[]> {
  if (files.length === 0 && version === undefined) return [];
  const keys: TrustedKey[] = [];
  for (const file of files) {
    const name = basename(file, extname(file));
    if (keys.some((key) => key.name === name)) {
      throw new UsageError(
        `Cannot trust two keys called "${name}"`,
        'Rename one: it is a file in the image.',
      );
    }
    keys.push({ name, pem: await sealer.publicKey(file) });
  }
  const { release } = await import('@cocon-os/slices/release');
  return [release(version ?? '0', keys)];
}
