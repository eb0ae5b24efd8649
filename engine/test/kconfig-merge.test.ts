import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fragmentOf, mergeDemands } from '../src/kconfig/merge.ts';
import { kernelSymbols as k, type Demand } from '../src/kconfig/symbols.ts';
import { codeOf } from './support.ts';

function merged(...demands: readonly Demand[]): ReturnType<typeof mergeDemands> {
  return mergeDemands([{ name: 'any', demands }]);
}

describe('mergeDemands()', () => {
  it('sorts by symbol and names everybody who asked', () => {
    const sources = [
      { name: 'busybox', demands: [k.TTY, k.INET] },
      { name: 'base-files', demands: [k.TTY, k.TTY] },
    ];
    expect(mergeDemands(sources)).toEqual([
      { symbol: 'INET', value: 'y', askedBy: ['busybox'] },
      { symbol: 'TTY', value: 'y', askedBy: ['base-files', 'busybox'] },
    ]);
  });

  it('refuses two that want different values, and names both askers and both values', () => {
    const merge = () =>
      mergeDemands([
        { name: 'profile tiny', demands: [k.IPV6.off()] },
        { name: 'updater', demands: [k.IPV6] },
      ]);
    expect(codeOf(merge)).toBe('KERNEL_DEMAND_CONFLICT');
    expect(merge).toThrow(/profile tiny wants IPV6=n, updater wants IPV6=y/);
  });

  it('takes the same number, written in two ways, for the same', () => {
    expect(merged({ symbol: 'A', value: '0xAB' }, { symbol: 'A', value: '0xab' })).toHaveLength(1);
  });

  it.each([
    ['CONFIG_TTY', 'y'],
    ['tty', 'y'],
    ['', 'y'],
    ['TTY\nCONFIG_EVIL', 'y'],
    ['TTY', 'yes'],
    ['TTY', ''],
    ['TTY', 'y\nCONFIG_EVIL=y'],
    ['NAME', '"a\nb"'],
    ['NAME', '"a"b"'],
    ['NAME', '"a\\"'],
  ])('refuses the symbol %j with the value %j', (symbol, value) => {
    expect(codeOf(() => merged({ symbol, value }))).toBe('KERNEL_DEMAND_INVALID');
  });

  it('takes every text that a symbol of texts gives', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/\p{Cc}/u.test(text));
        expect(merged(k.CMDLINE.is(text))).toHaveLength(1);
      }),
    );
  });
});

describe('fragmentOf()', () => {
  it('writes what is off as Kconfig does', () => {
    const demands = merged(
      k.TTY.off(),
      k.DEFAULT_HOSTNAME.is('cocon'),
      k.NR_CPUS.is(64),
      k.PHYSICAL_START.hex(16),
    );
    expect(fragmentOf(demands)).toBe(
      'CONFIG_DEFAULT_HOSTNAME="cocon"\nCONFIG_NR_CPUS=64\nCONFIG_PHYSICAL_START=0x10\n# CONFIG_TTY is not set\n',
    );
  });

  it('is the same in whatever order the demands come', () => {
    const demands = fc.uniqueArray(fc.constantFrom<Demand>(k.TTY, k.NET, k.MODULES.off(), k.NR_CPUS.is(4)));
    fc.assert(
      fc.property(demands, (list) => {
        expect(fragmentOf(merged(...list.toReversed()))).toBe(fragmentOf(merged(...list)));
      }),
    );
  });
});
