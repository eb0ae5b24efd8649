import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { encodePax, readEntryPrefix } from '../src/tar/pax.ts';
import { tarBytes } from '../src/tar/write.ts';
import { scanTar, type ScannedHeader } from '../src/tar/scan.ts';
import { entry, file, tarOf } from './support/layout.ts';

const key = fc.string({ unit: fc.constantFrom('a', '.', 'Z', '\u00E9'), minLength: 1, maxLength: 12 });

/** The prefix of the only entry of an archive. */
async function prefixOf(tar: Uint8Array): Promise<ReturnType<typeof readEntryPrefix>> {
  const found: ScannedHeader[] = [];
  await scanTar(once(tar), (header) => void found.push(header));
  return readEntryPrefix(tar.subarray(0, (found[0]?.byteOffset ?? 512) - 512));
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
        const prefix = await prefixOf(await tarOf([file('a', 'a', { xattrs })]));
        expect(prefix?.records).toEqual(
          new Map([...xattrs].map(([name, value]) => [`SCHILY.xattr.${name}`, Buffer.from(value)])),
        );
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

describe('readEntryPrefix()', () => {
  it.for(['5 a=b', '9 a=b\n', '6 a=b;', 'x a=b\n', '0 a=b\n', '6 abc\n', '99999999999 a=b\n'])(
    'refuses the record %j',
    (text) => {
      const header = Buffer.alloc(512);
      header.write(text.length.toString(8).padStart(11, '0'), 124);
      header.write('x', 156);
      expect(
        readEntryPrefix(Buffer.concat([header, Buffer.concat([Buffer.from(text)], 512)])),
      ).toBeUndefined();
    },
  );

  it('sees the end of an archive in front of an entry', () => {
    expect(readEntryPrefix(Buffer.alloc(1024))).toMatchObject({ ended: true });
    expect(readEntryPrefix(Buffer.alloc(512))).toMatchObject({ ended: false });
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
    const headers: ScannedHeader[] = [];
    await scanTar(once(tar), (header) => void headers.push(header));
    expect(headers[0]).toMatchObject({ mode: 0, gid: 5 });
    const prefix = readEntryPrefix(tar.subarray(0, (headers[0]?.byteOffset ?? 0) - 512));
    expect(
      Object.fromEntries([...(prefix?.records ?? [])].map(([name, value]) => [name, value.toString()])),
    ).toEqual({
      uid: '4000000000',
      mtime: '-1.500000000',
    });
    expect(headers[1]).toMatchObject({ name: 'l'.repeat(200), linkname: 'm'.repeat(200) });
  });

  it('refuses contents that are not as long as the header says', async () => {
    await expect(tarOf([{ ...file('a', 'abc'), size: 4 }])).rejects.toThrow('has 3 bytes');
    expect(tarBytes).toBeTypeOf('function');
  });
});
