/** PE images from hostile hands: every field may be anything. */
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { EFI_APPLICATION, parsePe } from '../src/pe.ts';
import { readTrustedKeys, withTrustedKeys } from '../src/trust-section.ts';
import { makeLoader, makePe } from './support/pe-image.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('parsePe()', () => {
  it('reads machine, subsystem and sections', () => {
    const image = parsePe(makeLoader());
    expect(image).toMatchObject({ machine: 0x8664, subsystem: EFI_APPLICATION });
    expect(image?.sections.map(({ name }) => name)).toEqual(['.text', '.trust']);
  });

  it('gives undefined for an image cut at any length', () => {
    const image = makeLoader();
    for (let length = 0; length < image.length; length += 1) {
      expect([length, parsePe(image.subarray(0, length))]).toEqual([length, undefined]);
    }
  });

  it('finds no section outside of the file', () => {
    const image = makeLoader();
    for (let at = 0; at + 4 <= 1024; at += 1) {
      const hostile = Buffer.from(image);
      hostile.writeUInt32LE(0xffff_fff0, at);
      for (const { offset, size } of parsePe(hostile)?.sections ?? [])
        expect(offset + size).toBeLessThanOrEqual(image.length);
    }
  });

  it('never throws on noise', () => {
    const noise = fc.uint8Array({ maxLength: 600 });
    fc.assert(
      fc.property(noise, (bytes) => {
        expect(parsePe(bytes)).toBeUndefined();
        parsePe(Buffer.concat([makePe().subarray(0, 0x98), bytes]));
      }),
    );
  });
});

describe('withTrustedKeys()', () => {
  it('puts keys in that readTrustedKeys() finds again', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 15 }), (keys) => {
        const loader = makeLoader();
        const patched = withTrustedKeys(loader, keys, 'loader');
        expect(readTrustedKeys(patched, 'loader')).toEqual(keys);
        expect(patched.length).toBe(loader.length);
      }),
    );
  });

  it('leaves no trace of the keys before', () => {
    const many = withTrustedKeys(
      makeLoader(),
      Array.from({ length: 15 }, () => Buffer.alloc(32, 7)),
      'loader',
    );
    expect(Buffer.from(withTrustedKeys(many, [], 'loader')).equals(makeLoader())).toBe(true);
  });

  it('refuses more keys than fit', () => {
    const keys = Array.from({ length: 16 }, () => Buffer.alloc(32));
    expect(() => withTrustedKeys(makeLoader(), keys, 'loader')).toThrow(
      expect.objectContaining({ code: 'LOADER_KEYS_FULL' }),
    );
  });

  it.for([
    ['noise', Buffer.alloc(600, 1)],
    ['a kernel', makePe()],
    [
      'a loader of a later version',
      changed((loader) => loader.writeUInt32LE(2, loader.indexOf('COCONKEY') + 12)),
    ],
    ['a loader with another magic', changed((loader) => loader.write('X', loader.indexOf('COCONKEY')))],
  ] as const)('refuses %s', ([, bytes]) => {
    expect(() => withTrustedKeys(bytes, [], 'loader')).toThrow(
      expect.objectContaining({ code: 'LOADER_INVALID' }),
    );
  });

  it('refuses a count that the section cannot hold', () => {
    const loader = changed((bytes) => bytes.writeUInt32LE(16, bytes.indexOf('COCONKEY') + 8));
    expect(() => readTrustedKeys(loader, 'loader')).toThrow(
      expect.objectContaining({ code: 'LOADER_INVALID' }),
    );
  });
});

function changed(change: (loader: Buffer) => void): Buffer {
  const loader = makeLoader();
  change(loader);
  return loader;
}
