/** Whether the tree of a set of packages is there, so that their files are not needed. */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { exists } from '../files.ts';
import type { LockedPackage } from './lock.ts';
import { toolchainDigest } from './root.ts';

export async function hasToolchainRoot(
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
): Promise<boolean> {
  return await exists(join(cache.toolchain, toolchainDigest(packages)));
}
