import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { cacheDirectory } from '../src/cache-directory.ts';
import { runProcess } from '../src/run-process.ts';
import { closureOf } from '../src/toolchain/lock.ts';
import { toolchainRoot } from '../src/toolchain/root.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES } from '../toolchain/packages.ts';
import { freshCache } from './engine/support.ts';
import { errorOf } from './support.ts';

const root = async (names: readonly string[]): Promise<string> =>
  (await toolchainRoot(closureOf(lock, names), cacheDirectory(), () => {})).directory;

const inside = (directory: string, script: string): ReturnType<typeof runProcess> =>
  runProcess(
    'bwrap',
    [
      '--unshare-all --clearenv --setenv PATH /usr/bin'.split(' '),
      ['--ro-bind', directory, '/'],
      '--proc /proc --dev /dev --tmpfs /tmp --chdir /tmp sh -euc'.split(' '),
      [script],
    ].flat(),
  );

test('toolchainRoot() is a system that compiles, with nothing of the host in it', async () => {
  const directory = await root(COMMON_PACKAGES);
  const { status, tail } = await inside(
    directory,
    `echo 'int main(void) { return 0; }' >a.c; cc a.c -o a; ./a; awk 'BEGIN { print "awk" }'; perl -e 'print "perl\\n"'`,
  );
  expect(tail).toEqual(['awk', 'perl']);
  expect(status).toBe(0);
  expect(await readdir(join(directory, 'home'))).toEqual([]);
});

test("toolchainRoot() has Debian's alternatives: autoreconf finds automake and aclocal", async () => {
  const directory = await root([...COMMON_PACKAGES, 'autoconf', 'automake']);
  const { tail, status } = await inside(
    directory,
    `echo 'AC_INIT([a], [1]) AM_INIT_AUTOMAKE([foreign]) AC_CONFIG_FILES([Makefile]) AC_OUTPUT' >configure.ac
: >Makefile.am; autoreconf --install; ls configure Makefile.in aclocal.m4`,
  );
  expect(tail.slice(-3)).toEqual(['Makefile.in', 'aclocal.m4', 'configure']);
  expect(status).toBe(0);
});

test('toolchainRoot() has a cross compiler where it was asked for, and shares the files of packages', async () => {
  const [plain, cross] = [
    await root(COMMON_PACKAGES),
    await root([...COMMON_PACKAGES, ...CROSS_PACKAGES.riscv64]),
  ];
  const script = `echo 'int main(void) { return 0; }' >a.c; riscv64-linux-gnu-gcc -static a.c -o a; od -An -tx1 -j18 -N2 a`;
  expect((await inside(cross, script)).tail).toEqual([' f3 00']); // EM_RISCV is 243.
  expect((await inside(plain, script)).status).not.toBe(0);
  const inode = async (directory: string): Promise<number> =>
    (await stat(join(directory, 'usr/bin/make'))).ino;
  expect(await inode(plain)).toBe(await inode(cross));
});

test('toolchainRoot() unpacks once for builds that begin together', async () => {
  const cache = await freshCache();
  await rm(cache.toolchain);
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const packages = closureOf(lock, ['attr']);
  const [one, two] = await Promise.all([
    toolchainRoot(packages, cache, say),
    toolchainRoot(packages, cache, say),
  ]);
  expect(one).toEqual(two);
  expect(lines.filter((line) => line.startsWith('unpacking attr '))).toHaveLength(1);
  expect((await readdir(cache.toolchain)).toSorted()).toEqual([one.digest, 'packages'].toSorted());
});

test('toolchainRoot() refuses a package that has changed in the cache', async () => {
  const cache = await freshCache();
  const own = { ...cache, sources: join(cache.root, 'own-sources') };
  await rm(cache.toolchain);
  await mkdir(own.sources);
  const packages = closureOf(lock, ['libc6']).slice(0, 1);
  for (const { sha256 } of packages) await writeFile(join(own.sources, sha256), 'something else');
  const error = await errorOf(toolchainRoot(packages, own, () => {}));
  expect([error.code, error.hint]).toEqual([
    'SOURCE_BAD_HASH',
    'Remove it from the cache; it is downloaded again.',
  ]);
});
