import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { decode, encode, hex, struct, text, u16, u32, u64, u8, uuid } from '../src/struct.ts';
import { decodeUtf8, encodeUtf8, utf8Length } from '../src/utf8.ts';

const SAMPLE = struct(64, {
  a: u8(0),
  b: u16(1),
  c: u32(3),
  d: u64(7),
  e: uuid(15),
  f: hex(31, 3),
  g: text(34, 8),
});

describe('decode() and encode()', () => {
  propertyTest.prop([
    fc.nat(255),
    fc.nat(65_535),
    fc.nat(2 ** 32 - 1),
    fc.bigInt(0n, 2n ** 64n - 1n),
    fc.uint8Array({ minLength: 64, maxLength: 64 }),
  ])('write -> read gives the values back and leaves every other byte alone', (a, b, c, d, bytes) => {
    const written = bytes.slice();
    encode(SAMPLE, { a, b, c, d }, written, 0);
    expect(decode(SAMPLE, written)).toMatchObject({ a, b, c, d });
    expect(written.subarray(15)).toEqual(bytes.subarray(15));
  });

  test('are little-endian and keep a UUID in the order in which it is printed', () => {
    const bytes = new Uint8Array(64);
    encode(SAMPLE, { c: 0x0a0b0c0d, e: '01234567-89ab-cdef-0123-456789abcdef', f: 'a1b2c3' }, bytes);
    expect([...bytes.subarray(3, 7)]).toEqual([0x0d, 0x0c, 0x0b, 0x0a]);
    expect([...bytes.subarray(15, 19)]).toEqual([0x01, 0x23, 0x45, 0x67]);
    expect(decode(SAMPLE, bytes)).toMatchObject({ e: '01234567-89ab-cdef-0123-456789abcdef', f: 'a1b2c3' });
  });

  test('work at an odd offset', () => {
    const bytes = new Uint8Array(128);
    encode(SAMPLE, { d: 2n ** 64n - 2n }, bytes, 13);
    expect(decode(SAMPLE, bytes, 13).d).toBe(2n ** 64n - 2n);
  });
});

describe('decodeUtf8() and encodeUtf8()', () => {
  propertyTest.prop([fc.string({ unit: 'binary', maxLength: 12 })])(
    'agree with TextEncoder on text that fits',
    (value) => {
      const bytes = new TextEncoder().encode(value);
      expect(encodeUtf8(value, 64).subarray(0, bytes.length)).toEqual(bytes);
      expect(utf8Length(value)).toBe(bytes.length);
      if (!value.includes('\0')) expect(decodeUtf8(encodeUtf8(value, 64))).toBe(value);
    },
  );

  propertyTest.prop([fc.uint8Array({ maxLength: 24 })])(
    'take any bytes up to the first that is zero or no UTF-8',
    (bytes) => {
      const decoded = decodeUtf8(bytes);
      const length = utf8Length(decoded);
      expect(new TextEncoder().encode(decoded)).toEqual(bytes.subarray(0, length));
      const next = bytes.subarray(length, length + 4);
      const goesOn = [1, 2, 3, 4].some((size) => isCharacter(next.subarray(0, size)));
      expect(next.length === 0 || next[0] === 0 || !goesOn).toBe(true);
    },
  );

  test.each([
    ['abcdefgh', 4, 'abcd'],
    ['abcé', 4, 'abc'],
    ['ab€', 4, 'ab'],
    ['a😀', 4, 'a'],
    ['😀', 4, '😀'],
    ['', 4, ''],
  ])('cut %j to %i bytes at a character boundary', (value, size, expected) => {
    expect(decodeUtf8(encodeUtf8(value, size))).toBe(expected);
  });
});

/** Whether these bytes are the UTF-8 of exactly one character. */
function isCharacter(bytes: Uint8Array): boolean {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return bytes[0] !== 0 && decoded !== '' && String.fromCodePoint(decoded.codePointAt(0) ?? 0) === decoded;
  } catch {
    return false;
  }
}
