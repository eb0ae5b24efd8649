import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  kernelSymbols as k,
  type Demand,
  type KernelSymbols,
  type SwitchName,
} from '../src/kconfig/symbols.ts';
import { codeOf } from './support.ts';

describe('kernelSymbols', () => {
  it('asks for y by the bare symbol, and in JSON shows the demand alone', () => {
    expect(JSON.parse(JSON.stringify([k.EROFS_FS, k['64BIT']]))).toEqual([
      { symbol: 'EROFS_FS', value: 'y' },
      { symbol: '64BIT', value: 'y' },
    ]);
  });

  it('asks for off, a module, a number, an address and a text as .config writes them', () => {
    expect(k.MODULES.off()).toEqual({ symbol: 'MODULES', value: 'n' });
    expect(k.EROFS_FS.module()).toEqual({ symbol: 'EROFS_FS', value: 'm' });
    expect(k.NR_CPUS.is(64)).toEqual({ symbol: 'NR_CPUS', value: '64' });
    expect(k.PANIC_TIMEOUT.is(-1)).toEqual({ symbol: 'PANIC_TIMEOUT', value: '-1' });
    expect(k.PHYSICAL_START.hex(0x100_0000)).toEqual({ symbol: 'PHYSICAL_START', value: '0x1000000' });
    expect(k.ILLEGAL_POINTER_VALUE.hex(0xdead_0000_0000_0000n).value).toBe('0xdead000000000000');
    expect(k.DEFAULT_HOSTNAME.is('cocon')).toEqual({ symbol: 'DEFAULT_HOSTNAME', value: '"cocon"' });
  });

  it('escapes quotes and backslashes of any text', () => {
    expect(k.CMDLINE.is('a "b" c\\d').value).toBe(String.raw`"a \"b\" c\\d"`);
    const printable = fc.string().filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(printable, (text) => {
        expect(k.CMDLINE.is(text).value.slice(1, -1).replaceAll(/\\(.)/g, '$1')).toBe(text);
      }),
    );
  });

  it.each([
    () => k.NR_CPUS.is(1.5),
    () => k.NR_CPUS.is(Number.NaN),
    () => k.NR_CPUS.is(2 ** 60),
    () => k.PHYSICAL_START.hex(-1),
    () => k.PHYSICAL_START.hex(0.5),
    () => k.CMDLINE.is('a\nCONFIG_EVIL=y'),
    () => k.CMDLINE.is('\u{7f}'),
  ])('refuses what .config cannot hold, case %#', (demand) => {
    expect(codeOf(demand)).toBe('KERNEL_DEMAND_INVALID');
  });

  it('is no promise and cannot be written to', async () => {
    expect(await Promise.resolve(k)).toBe(k);
    expect(Reflect.set(k, 'TTY', 1)).toBe(false);
  });
});

describe('KernelSymbols', () => {
  it('makes wrong demands errors of the compiler', () => {
    // Never called: these are there for tsc, which reports every "expect-error" that is none.
    const wrong = (symbols: KernelSymbols, ask: (demand: Demand) => void): void => {
      // @ts-expect-error a misspelt name
      ask(symbols.EROFS_FZ);
      // @ts-expect-error a number without a value
      ask(symbols.NR_CPUS);
      // @ts-expect-error a text without a value
      ask(symbols.DEFAULT_HOSTNAME);
      // @ts-expect-error a bool cannot be a module
      ask(symbols.SMP.module());
      // @ts-expect-error a switch has no number
      ask(symbols.SMP.is(1));
      // @ts-expect-error a number is no text
      ask(symbols.NR_CPUS.is('64'));
      // @ts-expect-error a text is no number
      ask(symbols.DEFAULT_HOSTNAME.is(1));
      // @ts-expect-error a hexadecimal symbol takes no decimal
      ask(symbols.PHYSICAL_START.is(16));
      // @ts-expect-error the prefix does not belong to the name
      ask(symbols.CONFIG_SMP);
    };
    // @ts-expect-error facts are about switches
    const fact: SwitchName = 'NR_CPUS';
    const known: readonly SwitchName[] = ['IPV6', 'KVM', 'ARM64', '64BIT', 'RISCV', 'CPU_V7'];
    expect([typeof wrong, fact, known.length]).toEqual(['function', 'NR_CPUS', 6]);
  });
});
