import { describe, expect, it } from 'vitest';

import { numberIn, readDotConfig, sameValue } from '../src/kconfig/dot-config.ts';

describe('readDotConfig()', () => {
  it('reads values and what is not set, and nothing else', () => {
    const text =
      '#\n# Linux\n#\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="a=b # c"\nCONFIG_64=\n#CONFIG_D=y\nXCONFIG_E=y\n';
    expect([...readDotConfig(text)]).toEqual([
      ['A', 'y'],
      ['B', 'n'],
      ['C', '"a=b # c"'],
      ['64', ''],
    ]);
  });
});

describe('numberIn()', () => {
  it.each([
    ['10', 'any', 10n],
    ['-5', 10, -5n],
    ['0x10', 'any', 16n],
    ['10', 16, 16n],
    ['ff', 16, 255n],
    ['0x10', 10, undefined],
    ['ff', 10, undefined],
    ['', 'any', undefined],
    ['1 ', 'any', undefined],
    ['y', 'any', undefined],
  ] as const)('reads %j in base %s as %s', (text, base, value) => {
    expect(numberIn(text, base)).toBe(value);
  });
});

describe('sameValue()', () => {
  it('compares numbers by value and never a decimal with a hexadecimal one', () => {
    expect(sameValue('0x1000', '0X1000')).toBe(true);
    expect(sameValue('0xAB', '0xab')).toBe(true);
    expect(sameValue('064', '64')).toBe(true);
    expect(sameValue('0x10', '10')).toBe(false);
    expect(sameValue('0x10', '16')).toBe(false);
    expect(sameValue('y', 'm')).toBe(false);
    expect(sameValue('"1"', '1')).toBe(false);
  });
});
