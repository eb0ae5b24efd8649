import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { encodePax, parsePax } from '../src/tar/pax.ts';
import { scanTar, type ScannedEntry } from '../src/tar/scan.ts';
import { tarBytes } from '../src/tar/write.ts';
import { entry, file, tarOf } from './support/layout.ts';

const key = fc.string({ unit: fc.constantFrom('a', '.', 'Z', '\u00E9'), minLength: 1, maxLength: 12 });

async function entriesOf(tar: Uint8Array): Promise<readonly ScannedEntry[]> {
  const found: ScannedEntry[] = [];
  await scanTar(once(tar), (each) => void found.push(each));
  return found;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

describe('encodePax()', () => {
  it('writes records that are read back byte for byte', async () => {
    const dictionary = fc.dictionary(key, fc.uint8Array({ maxLength: 200 }), { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(dictionary, async (records) => {
        const xattrs = new Map(Object.entries(records));
        const [found] = await entriesOf(await tarOf([file('a', 'a', { xattrs })]));
        expect(found?.xattrs).toEqual(xattrs);
      }),
    );
  });

  it('counts the digits of a length that grows by them', () => {
    for (let size = 0; size < 1100; size += 1) {
      const record = encodePax([['k', Buffer.alloc(size, 'x')]]).toString('latin1');
      expect(Number.parseInt(record, 10)).toBe(record.length);
    }
  });
});

describe('parsePax()', () => {
  it.for([
    '5 a=b',
    '9 a=b\n',
    '6 a=b;',
    'x a=b\n',
    '0 a=b\n',
    '6 abc\n',
    '99999999999 a=b\n',
    '5 =b\n',
    '10 path=\0\n',
  ])('refuses the record %j', (text) => {
    expect(parsePax(Buffer.from(text))).toBeUndefined();
  });

  it('takes the last of equal keys', () => {
    expect(parsePax(Buffer.from('6 a=b\n6 a=c\n'))).toEqual(new Map([['a', new Uint8Array([0x63])]]));
  });
});

describe('tarBytes()', () => {
  it('keeps what other writers lose: mode 0, large ids, long names, late and early times', async () => {
    const late = { seconds: 2 ** 40, nanoseconds: 0 };
    const tar = await tarOf([
      file('a', 'a', {
        mode: 0,
        uid: 4_000_000_000,
        gid: 5,
        mtime: { seconds: -1, nanoseconds: 500_000_000 },
      }),
      entry('l'.repeat(200), 'symlink', { linkname: 'm'.repeat(200), mtime: late }),
    ]);
    const [first, second] = await entriesOf(tar);
    expect(first).toMatchObject({
      mode: 0,
      uid: 4_000_000_000,
      gid: 5,
      mtime: { seconds: -2, nanoseconds: 500_000_000 },
    });
    expect(second).toMatchObject({ name: 'l'.repeat(200), linkname: 'm'.repeat(200), mtime: late });
  });

  it('refuses contents that are not as long as the header says', async () => {
    await expect(tarOf([{ ...file('a', 'abc'), size: 4 }])).rejects.toThrow('has 3 bytes');
    expect(tarBytes).toBeTypeOf('function');
  });
});
