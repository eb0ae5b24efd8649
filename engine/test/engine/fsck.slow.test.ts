/** `repair()` over stores that are damaged by chance, and a file that its reader may not read. */
import { execFile, execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';

import type { CacheDirectory } from '../../src/cache-directory.ts';
import { REPOSITORY } from '../../src/define/location.ts';
import { scratchDirectory } from '../support.ts';
import { built, keyPathOf, layerOf, mended } from './fsck-support.ts';

/** Something that a path of the store can become. */
const damage = fc.constantFrom('gone', 'empty', 'cut', 'changed', 'directory', 'pipe', 'link');

propertyTest.prop(
  { damages: fc.array(fc.tuple(fc.nat(), damage), { minLength: 1, maxLength: 6 }) },
  { numRuns: 25 },
)('repair() leaves a sound store in one go, whatever was damaged', async ({ damages }) => {
  const { cache, store } = await built();
  for (const [index, kind] of damages) {
    const files = (await readdir(cache.store, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
    const path = files[index % files.length];
    if (path !== undefined) await spoil(path, kind);
  }
  await mended({ cache, store });
});

async function spoil(path: string, kind: string): Promise<void> {
  const bytes = await readFile(path);
  await rm(path);
  if (kind === 'empty') await writeFile(path, '');
  if (kind === 'cut') await writeFile(path, bytes.subarray(0, bytes.length / 2));
  if (kind === 'changed') await writeFile(path, bytes.fill('x', 0, Math.min(1, bytes.length)));
  if (kind === 'directory') await mkdir(path);
  if (kind === 'pipe') execFileSync('mkfifo', [path]);
  if (kind === 'link') await symlink('index.json', path);
}

const NOBODY = 65_534;

/** What `cocon store fsck` finds as a plain user, as "kind: name". */
async function foundByUser(
  { root }: CacheDirectory,
  ...options: readonly string[]
): Promise<readonly string[]> {
  const home = await scratchDirectory();
  await mkdir(join(home, 'repository'));
  await chmod(home, 0o755);
  // It may lie where only root gets to; the mount is seen by this script alone.
  const script = `
mount --bind ${REPOSITORY} repository
setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups env HOME=/nonexistent COCON_CACHE=${root} \
  repository/node_modules/node/bin/node repository/image-builder/bin/cocon.ts store fsck --json ${options.join(' ')} || true`;
  const { stdout } = await promisify(execFile)('unshare', ['--mount', 'bash', '-euc', script], { cwd: home });
  const { problems }: { problems: { kind: string; path: string }[] } = JSON.parse(stdout);
  return problems.map(({ kind, path }) => `${kind}: ${basename(path)}`);
}

test('fsck() finds what its user may not read, and repair() removes it', async () => {
  // A plain user has nobody to become.
  if (process.getuid?.() !== 0) return;
  const { cache, store } = await built();
  await chmod(dirname(cache.root), 0o755);
  for (const entry of await readdir(cache.root, { recursive: true, withFileTypes: true }))
    await chown(join(entry.parentPath, entry.name), NOBODY, NOBODY);
  await chown(cache.root, NOBODY, NOBODY);
  const unreadable = [await layerOf(store, 'one'), await keyPathOf(store, 'two')];
  for (const path of unreadable) await chmod(path, 0);
  const names = unreadable.map((path) => `unreadable: ${basename(path)}`);
  expect(await foundByUser(cache)).toEqual(expect.arrayContaining(names));
  expect(await foundByUser(cache, '--repair')).toEqual(expect.arrayContaining(names));
  expect(await foundByUser(cache)).toEqual([]);
  expect(await mended({ cache, store })).toEqual([]);
});
