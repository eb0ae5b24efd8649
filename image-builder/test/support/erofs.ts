/** Looks into an EROFS image with the tools that are built beside mkfs.erofs, so without the kernel's help. */
import { dirname, join } from 'node:path';

import { findMkfsErofs } from '../../src/find-tools.ts';
import { sh } from './sh.ts';

/**
 * fsck.erofs sets owners behind attributes, and a change of owner makes Linux drop file capabilities. So attributes are
 * taken from a second copy whose owners were left alone.
 */
const EXTRACT = `
"$1" --extract="$3" --preserve "$2"
"$1" --extract="$3.attributes" --no-preserve-owner --preserve-perms --xattrs "$2"
cd "$3.attributes"
getfattr --recursive --physical --no-dereference --dump --match=- --encoding=hex . | (cd "$3" && setfattr --no-dereference --restore=-)
rm -r "$3.attributes"
`;

/** Unpacks an image with owners, modes, times and attributes into the new directory `directory`. */
export async function extractErofs(image: string, directory: string): Promise<void> {
  const fsck = join(dirname(await findMkfsErofs()), 'fsck.erofs');
  await sh(EXTRACT, fsck, image, directory);
}
