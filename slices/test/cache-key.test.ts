import { describe, expect, it } from 'vitest';

import { cacheKey, type KeyFacts } from '../src/build/cache-key.ts';
import type { Slice } from '../src/define-slice.ts';
import type { DebianSource } from '../src/sources/debian-source.ts';
import { scriptSlice } from './support.ts';

const FACTS: KeyFacts = { needs: { musl: 'sha256:aa' }, hostPackages: { gcc: '12', make: '4.3' } };

const SOURCE: DebianSource = {
  package: 'sample',
  version: '1-1',
  upstream: { name: 'sample_1.orig.tar.xz', sha256: 'aa' },
  debian: { name: 'sample_1-1.debian.tar.xz', sha256: 'bb' },
  patched: true,
};

const SLICE: Slice = scriptSlice('make', { source: SOURCE });

/** The slice with one thing changed. */
function changed(change: Partial<Slice>): Slice {
  return { ...SLICE, ...change };
}

const steps = (script: string, inputs: Readonly<Record<string, string>> = {}): Slice['build'] => ({
  kind: 'steps',
  steps: [{ name: 'run', script }],
  inputs,
});

describe('cacheKey()', () => {
  const key = cacheKey(SLICE, FACTS);

  it('is the same for the same definition and facts, in whatever order members stand', () => {
    const facts = { hostPackages: { make: '4.3', gcc: '12' }, needs: { musl: 'sha256:aa' } };
    expect(cacheKey({ ...SLICE }, facts)).toBe(key);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<readonly [string, Slice, KeyFacts]>([
    ['the name', changed({ name: 'other' }), FACTS],
    ['the version', changed({ version: '2' }), FACTS],
    ['the outputs', changed({ outputs: { runtime: ['usr'] } }), FACTS],
    ['a script', changed({ build: steps('make all') }), FACTS],
    ['an input', changed({ build: steps('make', { fragment: 'CONFIG_TTY=y' }) }), FACTS],
    [
      'a source file',
      changed({
        source: { ...SOURCE, upstream: { name: 'sample_1.orig.tar.xz', sha256: 'cc' } },
      }),
      FACTS,
    ],
    ['whether patches are applied', changed({ source: { ...SOURCE, patched: false } }), FACTS],
    ['what is left packed', changed({ source: { ...SOURCE, exclude: ['*.c'] } }), FACTS],
    ['what a need came to', SLICE, { ...FACTS, needs: { musl: 'sha256:bb' } }],
    ['a need more', SLICE, { ...FACTS, needs: { ...FACTS.needs, zlib: 'sha256:aa' } }],
    ['the version of a host package', SLICE, { ...FACTS, hostPackages: { gcc: '13', make: '4.3' } }],
  ])('changes with %s', (_, slice, facts) => {
    expect(cacheKey(slice, facts)).not.toBe(key);
  });

  it.each<readonly [string, Slice]>([
    ['the summary', changed({ summary: 'other words' })],
    ['the licence', changed({ license: 'MIT' })],
    ['what is asked of the kernel', changed({ kernel: ['TTY=y'] })],
  ])('does not change with %s, which changes no byte', (_, slice) => {
    expect(cacheKey(slice, FACTS)).toBe(key);
  });

  it('changes with the bytes, the mode and the owner of a given file', () => {
    const file = { type: 'file', path: 'etc/x', mode: 0o644, contents: 'a' } as const;
    const keys = [file, { ...file, contents: 'b' }, { ...file, mode: 0o600 }, { ...file, uid: 1 }].map(
      (entry) => cacheKey(changed({ build: { kind: 'entries', entries: [entry] } }), FACTS),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});
