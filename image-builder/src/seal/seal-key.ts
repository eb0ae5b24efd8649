/**
 * A name for all that decides how large an image becomes when it is sealed, besides the image: the code that seals, the
 * recipe of mkfs.erofs or the one that is used in its place, and the project's configuration. Who knows the size under
 * this name needs not seal to know it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findConfig } from '../config/find-config.ts';
import { MKFS_VARIABLE } from '../find-tools.ts';

const SOURCE = join(import.meta.dirname, '..');
/** Directories whose code makes the files of a release. */
const CODE = ['config', 'oci', 'seal', 'tar', 'tree'];

/** How mkfs.erofs is called. */
const CALL = [join(SOURCE, 'run-tool.ts'), fileURLToPath(import.meta.resolve('@cocon-os/cli/host-program'))];

/** 64 hexadecimal digits. `cwd` is where the configuration is looked for. */
export async function sealKey(cwd: string): Promise<string> {
  const config = await findConfig(cwd);
  const recipe = fileURLToPath(import.meta.resolve('@cocon-os/slices/erofs-utils'));
  const paths = [...CODE.flatMap(codeIn), ...CALL, recipe, ...(config === undefined ? [] : [config])];
  const all = createHash('sha256').update(process.env[MKFS_VARIABLE] ?? '');
  // At once: some forty small files one after the other take 5 ms, and 15 when each of them waits for its turn.
  for (const path of paths) all.update('\0').update(readFileSync(path));
  return all.digest('hex');
}

/** The files of a directory of {@link SOURCE}, sorted. */
function codeIn(name: string): readonly string[] {
  const files = readdirSync(join(SOURCE, name), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => join(SOURCE, name, file));
}
