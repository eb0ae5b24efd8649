import { expect, test } from 'vitest';

import { TARGETS } from '../src/define/target.ts';
import { closureOf, type LockedPackage } from '../src/toolchain/lock.ts';
import { toolchainDigest } from '../src/toolchain/root.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../toolchain/packages.ts';

test.each(TARGETS)('the lock is complete for builds for %s', (target) => {
  const names = closureOf(lock, [...COMMON_PACKAGES, ...CROSS_PACKAGES[target], ...EXTRA_PACKAGES]).map(
    ({ name }) => name,
  );
  expect(names).toContain('libc6');
  expect(names).toEqual(names.toSorted());
});

test('the lock holds nothing that no build can ask for', () => {
  const all = closureOf(lock, [
    ...COMMON_PACKAGES,
    ...Object.values(CROSS_PACKAGES).flat(),
    ...EXTRA_PACKAGES,
  ]);
  expect(all).toHaveLength(lock.packages.length);
});

test('closureOf() leaves out what was not asked for', () => {
  const names = closureOf(lock, COMMON_PACKAGES).map(({ name }) => name);
  expect(names).toContain('gcc-14');
  expect(names).not.toContain('cmake');
  expect(names).not.toContain('gcc-riscv64-linux-gnu');
});

test('closureOf() ends where packages depend on each other', () => {
  const packages: LockedPackage[] = ['a', 'b'].map((name) => ({
    name,
    version: '1',
    sha256: '',
    size: 1,
    depends: ['a', 'b'],
  }));
  expect(closureOf({ suite: 'none', packages }, ['b']).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('closureOf() names a package that is not locked, and the way to lock it', () => {
  expect(() => closureOf(lock, ['emacs'])).toThrow(
    expect.objectContaining({
      code: 'TOOLCHAIN_PACKAGE_UNKNOWN',
      hint: expect.stringContaining('cocon pins add emacs'),
    }),
  );
});

test('toolchainDigest() follows the bytes of a package', () => {
  const packages = closureOf(lock, ['make']);
  const other = packages.map((each) => (each.name === 'make' ? { ...each, sha256: 'ff' } : each));
  expect(toolchainDigest(other)).not.toBe(toolchainDigest(packages));
});
