/**
 * The toolchain's root: a directory tree of pinned Debian packages that a sandbox sees as its whole system. Two builds
 * that ask for the same packages share one tree; nothing of the host's own programs is in it.
 *
 * Packages are only unpacked: their maintainer scripts do not run. The few links that those would make are in
 * {@link ALTERNATIVES}. Files are hard links into one unpacked copy of each package, so a further tree costs no space.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, removeTree } from '../files.ts';
import { runProcess } from '../run-process.ts';
import { assertWhole, fetchPackages } from './fetch-packages.ts';
import type { LockedPackage } from './lock.ts';

/** A root and what stands for it in keys. */
export interface ToolchainRoot {
  /** SHA-256 over the packages' names and hashes and this module's links, lower-case hexadecimal. */
  readonly digest: string;
  /** The tree on the host. It must only ever be mounted read-only. */
  readonly directory: string;
}

/** Debian merges these into /usr. */
const USR_MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** Links that update-alternatives(1) would make, by their place under /usr/bin. Made where their target is there. */
const ALTERNATIVES: Readonly<Record<string, string>> = {
  aclocal: 'aclocal-1.17',
  automake: 'automake-1.17',
  awk: 'mawk',
  cc: 'gcc',
  sh: 'dash',
};

/** Files that base-passwd's scripts would make: the one user that a build runs as. */
const ETC: Readonly<Record<string, string>> = {
  passwd: 'root:x:0:0:root:/build:/bin/bash\n',
  group: 'root:x:0:\n',
  hosts: '127.0.0.1 localhost cocon\n',
};

/** The digest of a set of packages, known without fetching anything. */
export function toolchainDigest(packages: readonly LockedPackage[]): string {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([USR_MERGED, ALTERNATIVES, ETC, packages.map(({ name, sha256 }) => [name, sha256])]),
  );
  return hash.digest('hex');
}

/** The tree of a set of packages. Throws what {@link fetchPackages} throws, and `TOOLCHAIN_UNPACK_FAILED`. */
export async function toolchainRoot(
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<ToolchainRoot> {
  const digest = toolchainDigest(packages);
  const directory = join(cache.toolchain, digest);
  if (!(await exists(directory))) await once(directory, () => make(packages, directory, cache, onLine));
  return { digest, directory };
}

async function make(
  packages: readonly LockedPackage[],
  directory: string,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<void> {
  await fetchPackages(packages, cache, onLine);
  const trees: string[] = [];
  for (const each of packages) {
    onLine(`unpacking ${each.name} ${each.version}`);
    trees.push(await unpacked(each, cache));
  }
  await appear(directory, async (draft) => {
    await Promise.all(USR_MERGED.map((name) => mkdir(join(draft, 'usr', name), { recursive: true })));
    for (const tree of trees) {
      await run('cp', ['--archive', '--link', '--no-target-directory', tree, draft]);
    }
    for (const name of USR_MERGED) {
      if (!(await exists(join(draft, name)))) await symlink(`usr/${name}`, join(draft, name));
    }
    await mkdir(join(draft, 'etc'), { recursive: true });
    for (const [name, text] of Object.entries(ETC))
      await writeFile(join(draft, 'etc', name), text, { flag: 'wx' });
    for (const [name, target] of Object.entries(ALTERNATIVES)) {
      const programs = join(draft, 'usr/bin');
      if ((await exists(join(programs, target))) && !(await exists(join(programs, name)))) {
        await symlink(target, join(programs, name));
      }
    }
  });
}

/** The unpacked copy of one package. */
async function unpacked(wanted: LockedPackage, cache: CacheDirectory): Promise<string> {
  const { sha256 } = wanted;
  const directory = join(cache.toolchain, 'packages', sha256);
  if (await exists(directory)) return directory;
  await once(directory, async () => {
    await assertWhole(wanted, cache);
    await appear(directory, (draft) => run('dpkg-deb', ['--extract', join(cache.sources, sha256), draft]));
  });
  return directory;
}

const underWay = new Map<string, Promise<void>>();

/** Joins the job for a directory that this process is at already, for nodes that begin together want the same. */
function once(directory: string, job: () => Promise<void>): Promise<void> {
  const known = underWay.get(directory);
  if (known !== undefined) return known;
  const begun = job().finally(() => underWay.delete(directory));
  underWay.set(directory, begun);
  return begun;
}

/** Fills a directory so that it is there whole or not at all. Another process may be faster; then its copy stays. */
async function appear(directory: string, fill: (draft: string) => Promise<void>): Promise<void> {
  await mkdir(join(directory, '..'), { recursive: true });
  const draft = await draftOf(directory);
  await mkdir(draft);
  try {
    await fill(draft);
    await rename(draft, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
  } finally {
    await removeTree(draft);
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { status, tail } = await runProcess(program, args);
  if (status === 0) return;
  throw new SlicesError(
    'TOOLCHAIN_UNPACK_FAILED',
    `Cannot unpack the toolchain: ${program} ended with ${status}\n${tail.join('\n')}`,
    { hint: 'Look for a full disk; what was begun has been removed, and the next build begins anew.' },
  );
}
