import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { assertDemandsHold, demandsIn, fragmentOf, mergeDemands } from '../src/kernel/demands.ts';
import { codeOf } from './support.ts';

function fragment(demands: readonly string[]): string {
  return fragmentOf(mergeDemands([{ name: 'any', demands }]));
}

describe('demandsIn()', () => {
  it('takes a word without a value as y', () => {
    expect(demandsIn('\n  EROFS_FS NR_CPUS=64\n  TTY=n ')).toEqual(['EROFS_FS=y', 'NR_CPUS=64', 'TTY=n']);
  });
});

describe('mergeDemands()', () => {
  it('sorts by symbol and names everybody who asked', () => {
    const merged = mergeDemands([
      { name: 'busybox', demands: ['TTY=y', 'INET=y'] },
      { name: 'base-files', demands: ['TTY=y'] },
    ]);
    expect(merged).toEqual([
      { symbol: 'INET', value: 'y', askedBy: ['busybox'] },
      { symbol: 'TTY', value: 'y', askedBy: ['busybox', 'base-files'] },
    ]);
  });

  it('refuses two slices that want different values, and names both', () => {
    const sources = [
      { name: 'small', demands: ['IPV6=n'] },
      { name: 'updater', demands: ['IPV6=y'] },
    ];
    const merge = () => mergeDemands(sources);
    expect(codeOf(merge)).toBe('KERNEL_DEMAND_CONFLICT');
    expect(merge).toThrow(/small.*IPV6=n.*updater.*IPV6=y/);
  });

  it.each(['CONFIG_TTY=y', 'TTY', 'TTY=yes', 'TTY=m', 'tty =y', 'TTY=y\nEVIL=y', 'NAME="a\nb"', ''])(
    'refuses the demand %j',
    (demand) => {
      expect(codeOf(() => mergeDemands([{ name: 'any', demands: [demand] }]))).toBe('KERNEL_DEMAND_INVALID');
    },
  );

  it('gives the same fragment in whatever order the demands come', () => {
    const demands = fc.uniqueArray(fc.constantFrom('A=y', 'B=64', 'C=n', 'D="text"', 'E=0x10'));
    fc.assert(
      fc.property(demands, (list) => {
        expect(fragment(list.toReversed())).toBe(fragment(list));
      }),
    );
  });
});

describe('fragmentOf()', () => {
  it('writes what is off as Kconfig does', () => {
    const merged = mergeDemands([{ name: 'any', demands: ['TTY=n', 'HOST="cocon"', 'NR_CPUS=64'] }]);
    expect(fragmentOf(merged)).toBe('CONFIG_HOST="cocon"\nCONFIG_NR_CPUS=64\n# CONFIG_TTY is not set\n');
  });
});

describe('assertDemandsHold()', () => {
  const merged = mergeDemands([
    { name: 'updater', demands: ['DM_VERITY=y', 'NR_CPUS=64', 'MODULES=n'] },
    { name: 'base-files', demands: ['DM_VERITY=y'] },
  ]);

  it('is content when every demand is in the configuration', () => {
    expect(() =>
      assertDemandsHold('CONFIG_DM_VERITY=y\nCONFIG_NR_CPUS=64\n# CONFIG_MODULES is not set\n', merged),
    ).not.toThrow();
  });

  it('names each lost symbol, what became of it and who asked', () => {
    const config = '# CONFIG_DM_VERITY is not set\nCONFIG_NR_CPUS=8\nCONFIG_MODULES=y\n';
    const check = () => assertDemandsHold(config, merged);
    expect(codeOf(check)).toBe('KERNEL_DEMAND_LOST');
    expect(check).toThrow(/DM_VERITY=y, asked for by updater, base-files: found it off or unknown/);
    expect(check).toThrow(/NR_CPUS=64, asked for by updater: found 8/);
    expect(check).toThrow(/MODULES=n, asked for by updater: found y/);
  });

  it('takes no symbol for another one that it is the beginning of', () => {
    const one = mergeDemands([{ name: 'any', demands: ['DM=y'] }]);
    expect(codeOf(() => assertDemandsHold('CONFIG_DM_VERITY=y\n', one))).toBe('KERNEL_DEMAND_LOST');
  });
});
