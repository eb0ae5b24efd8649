import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { keyOf, keyRecord, type KeySurroundings } from '../../src/engine/key.ts';
import type { GraphNode, GraphSource } from '../../src/graph/graph.ts';
import { closureOf } from '../../src/toolchain/lock.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { fileNode, stepsNode } from './support.ts';

const around: KeySurroundings = { lock, code: 'code', needs: { musl: 'sha256:aa' } };
const key = (node: GraphNode, changes: Partial<KeySurroundings> = {}): string =>
  keyOf(keyRecord(node, { ...around, ...changes }));
const sample = stepsNode('sample', ['make'], { options: { vi: true, name: 'x' } });

/** A copy of a value whose objects have their members in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((each) => shuffled(each, random));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, shuffled(member, random)] as const);
  return Object.fromEntries(
    entries
      .map((entry) => ({ entry, rank: random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ entry }) => entry),
  );
}

describe('keyOf()', () => {
  test('does not depend on the order of members', () => {
    const numbers = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(numbers, (stream) => {
        const other = shuffled(sample, () => stream.next().value) as GraphNode;
        expect(key(other)).toBe(key(sample));
      }),
    );
  });

  test('depends on every field that can change the outcome', () => {
    const changed: readonly GraphNode[] = [
      { ...sample, name: 'other' },
      { ...sample, version: '2' },
      { ...sample, platform: 'host' },
      { ...sample, options: { vi: false, name: 'x' } },
      { ...sample, facts: [{ symbol: 'IPV6', value: true }] },
      { ...sample, facts: [{ symbol: 'IPV6', value: false }] },
      { ...sample, packages: [...sample.packages, 'bison'] },
      { ...sample, outputs: { dev: [''] } },
      { ...sample, source: { kind: 'crates', crates: [{ name: 'a', version: '1.0.0', sha256: 'a' }] } },
      { ...sample, source: { kind: 'crates', crates: [{ name: 'a', version: '1.0.0', sha256: 'b' }] } },
      { ...sample, source: { kind: 'git', url: 'file:///x', commit: 'a'.repeat(40) } },
      stepsNode('sample', ['make', 'make install'], { options: sample.options }),
      stepsNode('sample', ['# A comment.\nmake'], { options: sample.options }),
    ];
    const keys = [sample, ...changed].map((node) => key(node));
    keys.push(key(sample, { code: 'other' }), key(sample, { needs: { musl: 'sha256:bb' } }));
    keys.push(key(sample, { needs: { newlib: 'sha256:aa' } }));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('does not depend on what changes no byte', () => {
    const same: GraphNode = {
      ...sample,
      license: 'MIT',
      summary: 'Something else',
      definedAt: 'slices/elsewhere/slice.ts:9',
      budget: { sizeBytes: 1 },
      tests: [{ commands: [] }],
    };
    expect(key(same)).toBe(key(sample));
  });

  test('takes a source by what it is, not by where it is', () => {
    const at = (source: GraphSource): string => key({ ...sample, source });
    const sha256 = 'a'.repeat(64);
    const url = (address: string): GraphSource => ({ kind: 'url', url: address, sha256, exclude: [] });
    expect(at(url('https://one.example/a.tar'))).toBe(at(url('https://two.example/b.tar')));
    const local = (path: string, digest = sha256): GraphSource => ({ kind: 'local', path, digest });
    expect(at(local('here'))).toBe(at(local('/there')));
    expect(at(local('here'))).not.toBe(at(local('here', 'b'.repeat(64))));
  });

  test('knows each package of the toolchain by its hash, also those that were not named', () => {
    const record = keyRecord(sample, around);
    const versions = record.toolchain?.packages ?? {};
    expect(Object.keys(versions)).toEqual(closureOf(lock, sample.packages).map(({ name }) => name));
    expect(versions).toHaveProperty('libc6');
    const packages = lock.packages.map((each) =>
      each.name === 'libc6' ? { ...each, sha256: 'f'.repeat(64) } : each,
    );
    expect(key(sample, { lock: { ...lock, packages } })).not.toBe(key(sample));
    const file = fileNode('file', 'x');
    expect(key(file, { lock: { ...lock, packages } })).toBe(key(file));
  });

  test('knows that Python sees the real clock beside Meson, and nowhere else', () => {
    const skipped = (packages: readonly string[]): string | undefined => {
      const { sandbox = [] } = keyRecord({ ...sample, packages }, around);
      return sandbox[sandbox.indexOf('FAKETIME_SKIP_CMDS') + 1];
    };
    expect(skipped([...sample.packages, 'python3'])).toBe('make,ninja');
    expect(skipped([...sample.packages, 'meson'])).toBe('make,ninja,python3');
  });
});
