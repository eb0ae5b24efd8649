import { describe, expect, it } from 'vitest';

import { formatBytes, formatCount, parseBytes, UsageError } from '@cocon-os/cli';

describe('formatBytes()', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [4 << 20, '4 MiB'],
    [2 ** 20 - 1, '1.0 MiB'],
    [5 * 2 ** 40, '5 TiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatCount()', () => {
  it.each([
    [0, '0 builds'],
    [1, '1 build'],
    [2, '2 builds'],
  ])('writes %d as %s', (count, text) => {
    expect(formatCount(count, 'build')).toBe(text);
  });
});

describe('parseBytes()', () => {
  it.each([
    ['1048576', 1 << 20],
    ['64MiB', 64 << 20],
    ['64m', 64 << 20],
    ['4G', 4 * 2 ** 30],
    ['7B', 7],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'lots', '-1', '1.5G', '9999999T'])('refuses "%s"', (text) => {
    expect(() => parseBytes(text)).toThrow(UsageError);
  });
});
