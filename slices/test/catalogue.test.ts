import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { catalogue } from '../catalogue.ts';
import { linux } from '../linux/slice.ts';
import { release } from '../release/slice.ts';
import type { Slice } from '../src/define-slice.ts';
import { releaseSlices, type ReleaseVariant } from '../src/image/build-release.ts';

const FILES = join(import.meta.dirname, '../base-files/files/etc');

/** Contents of the files that a slice is assembled from, by path. */
function filesOf(slice: Slice): ReadonlyMap<string, string> {
  if (slice.build.kind !== 'entries') throw new Error(`${slice.name} is built, not assembled`);
  return new Map(
    slice.build.entries.flatMap((entry) =>
      entry.type === 'file' ? [[entry.path, String(entry.contents)]] : [],
    ),
  );
}

/** The kernel configuration that a slice is built with. */
function fragmentOf(slice: Slice): string {
  return (slice.build.kind === 'steps' && slice.build.inputs?.['fragment']) || '';
}

describe('catalogue()', () => {
  it('gives every slice a name of its own, a licence and a pinned source', async () => {
    const slices = await catalogue();
    expect(new Set(slices.map((slice) => slice.name)).size).toBe(slices.length);
    for (const { license } of slices) expect(license).toMatch(/^[A-Za-z0-9.-]+( WITH [A-Za-z-]+)?$/);
    const pins = slices.flatMap(({ source }) =>
      source ? [source.upstream.sha256, source.debian.sha256] : [],
    );
    for (const pin of pins) expect(pin).toMatch(/^[0-9a-f]{64}$/);
  });

  it('configures the kernel as a release does, without the program of the updater', async () => {
    const [kernel] = await catalogue();
    const slices = await releaseSlices({ version: '1', publicKeys: [], updaterBinary: process.execPath });
    expect(kernel && fragmentOf(kernel)).toBe(fragmentOf(linux(slices)));
  });
});

/** The name of the topmost layer. */
async function top(variant: ReleaseVariant): Promise<string | undefined> {
  const slices = await releaseSlices({
    version: '1',
    variant,
    publicKeys: [],
    updaterBinary: import.meta.filename,
  });
  return slices.at(-1)?.name;
}

describe('releaseSlices()', () => {
  it('lays what changes most often on top', async () => {
    expect(await top('standard')).toBe('release');
    expect(await top('changed-userland')).toBe('greeting');
    expect(await top('crashing-init')).toBe('crashing-init');
  });
});

describe('release()', () => {
  it('writes os-release and a file for each key', () => {
    const files = filesOf(release('1.2.3', [{ name: 'factory', pem: 'PEM\n' }]));
    expect([...files]).toEqual([
      [
        'etc/os-release',
        'NAME="Cocon OS"\nID="cocon"\nVERSION="1.2.3"\nVERSION_ID="1.2.3"\nPRETTY_NAME="Cocon OS 1.2.3"\n',
      ],
      ['etc/cocon/keys/factory.pem', 'PEM\n'],
    ]);
  });
});

describe('base-files', () => {
  const scripts = readdirSync(FILES, { recursive: true, encoding: 'utf8' }).filter((path) => {
    try {
      return readFileSync(join(FILES, path), 'utf8').startsWith('#!');
    } catch {
      return false;
    }
  });

  it.each(scripts)('has a script %s that a shell can read', (path) => {
    expect(() => execFileSync('sh', ['-n', join(FILES, path)], { stdio: 'pipe' })).not.toThrow();
  });

  it('has every program that the init table starts', () => {
    const table = readFileSync(join(FILES, 'inittab'), 'utf8');
    const own = [...table.matchAll(/:\/etc\/(\S+)$/gm)].map(([, path]) => path);
    expect(own).toEqual(['cocon/boot', 'cocon/confirm', 'cocon/console']);
    expect(scripts).toEqual(expect.arrayContaining(own));
  });
});
