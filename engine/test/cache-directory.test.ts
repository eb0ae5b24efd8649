import { resolve } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheDirectory } from '../src/cache-directory.ts';

describe('cacheDirectory()', () => {
  test.each([
    [{ COCON_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    [{ COCON_CACHE: '', XDG_CACHE_HOME: '/b' }, '/b/cocon'],
    // What apt, bubblewrap and links are told has to hold wherever they stand.
    [{ COCON_CACHE: 'a/../c' }, resolve('c')],
    [{ XDG_CACHE_HOME: 'b' }, resolve('b/cocon')],
  ])('of %j is %s, and all of its places are absolute', (environment, root) => {
    const cache = cacheDirectory(environment);
    expect(cache.root).toBe(root);
    for (const place of Object.values(cache)) expect(place.startsWith(root)).toBe(true);
  });
});
