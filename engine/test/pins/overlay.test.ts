import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { machineLockPath, readMachineLock, writeMachineLock } from '../../src/pins/machine-lock.ts';
import { lockDigest, overlaid, type MachineLock } from '../../src/pins/overlay.ts';
import { upstreamVersionOf, type Pins, type SourcePin } from '../../src/pins/pin.ts';
import { codeOf, scratchDirectory } from '../support.ts';

const file = (name: string): SourcePin['upstream'] => ({ name, sha256: 'a'.repeat(64) });
const pin = (version: string): SourcePin => ({
  version,
  upstream: file('hello_1.orig.tar.gz'),
  debian: file(`hello_${version}.debian.tar.xz`),
});
const gcc = { name: 'gcc', version: '14', sha256: 'b'.repeat(64), size: 1, depends: [] };
const repository: Pins = {
  sources: { hello: pin('1-1'), world: pin('2-1') },
  toolchain: { suite: 'trixie', packages: [gcc] },
};
const moved: MachineLock = {
  format: 'cocon.pins/1',
  sources: { hello: { from: '1-1', to: pin('1-1+deb13u1') } },
  toolchain: {
    from: lockDigest(repository.toolchain),
    to: { suite: 'trixie', packages: [{ ...gcc, version: '14+deb13u1' }] },
  },
};

describe('overlaid()', () => {
  test('lays moved pins over those that they were moved from, and says what moved', () => {
    const { pins, moved: moves } = overlaid(repository, moved);
    expect([pins.sources['hello']?.version, pins.sources['world']?.version]).toEqual(['1-1+deb13u1', '2-1']);
    expect(pins.toolchain.packages[0]?.version).toBe('14+deb13u1');
    expect(moves).toEqual([
      { kind: 'source', name: 'hello', from: '1-1', to: '1-1+deb13u1' },
      { kind: 'package', name: 'gcc', from: '14', to: '14+deb13u1' },
    ]);
  });

  test('leaves a pin alone that the repository itself has moved since', () => {
    const later: Pins = {
      sources: { hello: pin('1-1+deb13u2'), world: pin('2-1') },
      toolchain: { suite: 'trixie', packages: [{ ...gcc, version: '14+deb13u2' }] },
    };
    expect(overlaid(later, moved)).toEqual({ pins: later, moved: [] });
  });

  test('is the repository where nothing was moved', () => {
    expect(overlaid(repository, undefined)).toEqual({ pins: repository, moved: [] });
  });
});

describe('readMachineLock()', () => {
  test('reads what was written, and nothing where there is nothing', async () => {
    const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
    expect(readMachineLock(cache)).toBeUndefined();
    await writeMachineLock(cache, moved);
    expect(readMachineLock(cache)).toEqual(moved);
  });

  test.each([
    ['no JSON', '{'],
    ['another format', '{"format":"cocon.pins/2","sources":{}}'],
    ['a hash that is none', JSON.stringify(moved).replace('a'.repeat(64), '../../etc')],
    ['a package without a hash', JSON.stringify(moved).replace(`"sha256":"${'b'.repeat(64)}",`, '')],
    [
      'a table in place of a list',
      JSON.stringify(moved)
        .replace('"packages":[', '"packages":{"0":')
        .replace(/\]\}\}\}$/, '}}}}'),
    ],
  ])('refuses %s', async (_, text) => {
    const cache = cacheDirectoryAt(await scratchDirectory());
    await writeFile(machineLockPath(cache), text);
    expect(codeOf(() => readMachineLock(cache))).toBe('PINS_INVALID');
  });
});

test.each([
  ['6.12.107-1', '6.12.107'],
  ['1:1.37.0-6', '1.37.0'],
  ['2025.89-1~deb13u1', '2025.89'],
  ['1.2.5-3.1~deb13u1', '1.2.5'],
  ['1:2-rc1-4', '2-rc1'],
  ['20250419', '20250419'],
])('upstreamVersionOf(%s) is %s', (version, upstream) => {
  expect(upstreamVersionOf(version)).toBe(upstream);
});
