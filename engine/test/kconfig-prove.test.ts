import { describe, expect, it } from 'vitest';

import { SlicesError } from '../src/errors.ts';
import { proveDemands, proveFacts, type Fact } from '../src/kconfig/prove.ts';
import type { MergedDemand } from '../src/kconfig/merge.ts';
import { askedBy, modelOf } from './kconfig-support.ts';

const FILES = `
config MODULES
	bool "modules"
	modules
config NET
	bool "net"
config INET
	bool "inet"
	depends on NET
config IPV6
	tristate "ipv6"
	depends on INET
	select CRC
config CRC
	tristate "crc"
choice
	prompt "Compression"
config XZ
	bool "xz"
config ZSTD
	bool "zstd"
endchoice
config NR
	int "number"
	range 2 512
	default 64
config AUTO
	int
	default 7
config TEXT
	string "text"
`;

const CONFIG =
  '# CONFIG_NET is not set\n# CONFIG_XZ is not set\nCONFIG_ZSTD=y\nCONFIG_NR=64\nCONFIG_AUTO=7\nCONFIG_TEXT="a"\n';

/** The error's message lines behind the first, without their indentation, and its hint. */
function thrownBy(call: () => void): {
  readonly code: string;
  readonly lines: string[];
  readonly hint?: string;
} {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SlicesError)) throw error;
    const lines = error.message.split('\n').slice(1);
    return {
      code: error.code,
      lines: lines.map((line) => line.slice(2)),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  throw new Error('nothing was thrown');
}

function lost(demands: readonly MergedDemand[], config = CONFIG): ReturnType<typeof thrownBy> {
  return thrownBy(() => proveDemands(config, demands, () => modelOf(FILES)));
}

describe('proveDemands()', () => {
  it('is content when each demand holds, and then reads no model', () => {
    const unread = (): never => {
      throw new Error('the model was read');
    };
    expect(() =>
      proveDemands(CONFIG, askedBy('x', 'ZSTD=y', 'NR=64', 'NET=n', 'IPV6=n', 'TEXT="a"'), unread),
    ).not.toThrow();
  });

  it('names the chain of what a lost demand depends on, and the way out', () => {
    expect(lost(askedBy('dropbear', 'IPV6=y', 'ZSTD=y'))).toEqual({
      code: 'KERNEL_DEMAND_LOST',
      lines: [
        'IPV6=y, asked for by dropbear: it is off',
        '  depends on INET (Kconfig:12), which nobody asks for',
        '    depends on NET (Kconfig:9), which nobody asks for',
      ],
      hint: 'Demand INET, NET as well, or do without.',
    });
  });

  it('names both askers where one stands in the way of the other', () => {
    expect(lost([...askedBy('dropbear', 'INET=y'), ...askedBy('profile tiny', 'NET=n')]).lines).toEqual([
      'INET=y, asked for by dropbear: it is off',
      '  depends on NET (Kconfig:9), which profile tiny wants off',
    ]);
    expect(lost([...askedBy('a', 'XZ=y'), ...askedBy('b', 'ZSTD=y')]).lines).toEqual([
      'XZ=y, asked for by a: it is off',
      '  the choice "Compression" (Kconfig:16) is ZSTD, asked for by b',
    ]);
  });

  it('says what forces on a symbol that is wanted off', () => {
    const config = 'CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_IPV6=y\nCONFIG_CRC=y\n';
    expect(lost([...askedBy('a', 'CRC=n'), ...askedBy('b', 'IPV6=y')], config).lines).toEqual([
      'CRC=n, asked for by a: it is y',
      '  selected by IPV6 (Kconfig:13) <- asked for by b',
    ]);
  });

  it.each([
    ['NTE=y', 'this kernel has no such symbol', 'near to it: NET'],
    ['NR=1000', 'it is 64', 'its range is 2 to 512 (Kconfig:25)'],
    ['AUTO=8', 'it is 7', 'it has no prompt, so nobody can ask for it'],
    ['NR=y', 'it is 64', 'it is of type int, which has no such value'],
    ['ZSTD=m', 'it is y', 'it is of type bool, which has no such value'],
    ['CRC=m', 'it is off', 'modules are off: MODULES is not on'],
    ['TEXT="b"', 'it is "a"', 'the Kconfig files give no reason'],
  ])('says of %s what became of it', (demand, outcome, reason) => {
    const { lines } = lost(askedBy('x', demand));
    expect(lines.slice(0, 2)).toEqual([`${demand}, asked for by x: ${outcome}`, `  ${reason}`]);
  });

  it('works without a model, and takes no symbol for another one that it begins', () => {
    const { lines, code } = thrownBy(() =>
      proveDemands('CONFIG_DM_VERITY=y\n', askedBy('x', 'DM=y', 'DM_VERITY=n')),
    );
    expect(code).toBe('KERNEL_DEMAND_LOST');
    expect(lines).toEqual(['DM=y, asked for by x: it is off', 'DM_VERITY=n, asked for by x: it is y']);
  });
});

describe('proveFacts()', () => {
  const on: Fact = { symbol: 'CRC', value: true, readBy: 'crun' };
  const config = 'CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_IPV6=y\nCONFIG_CRC=y\n';
  const demands = askedBy('dropbear', 'IPV6=y');
  const prove = (facts: readonly Fact[]): void => proveFacts(config, facts, demands, () => modelOf(FILES));

  it('is content when everybody was told what is so', () => {
    expect(() => prove([on, { symbol: 'MODULES', value: false, readBy: 'crun' }])).not.toThrow();
  });

  it('names the reader, what it was told, what is so, why, and the way out', () => {
    expect(thrownBy(() => prove([on, { ...on, value: false, readBy: 'busybox' }]))).toEqual({
      code: 'KERNEL_FACT_WRONG',
      lines: [
        'busybox was told that CRC is off, but it is on',
        '  selected by IPV6 (Kconfig:13) <- asked for by dropbear',
      ],
      hint: 'Let the reader demand what it relies on: k.CRC or k.CRC.off(). Then the configuration has to hold it.',
    });
  });

  it('finds a fact about a symbol that there is not, though it is off as was told', () => {
    expect(thrownBy(() => prove([{ symbol: 'IPV7', value: false, readBy: 'crun' }]))).toEqual({
      code: 'KERNEL_FACT_WRONG',
      lines: ['crun was told that IPV7 is off, but this kernel has no such symbol', '  near to it: IPV6'],
      hint: 'Correct the name IPV7 in crun.',
    });
  });

  it('works without a model', () => {
    const { lines } = thrownBy(() => proveFacts('', [on], []));
    expect(lines).toEqual(['crun was told that CRC is on, but it is off']);
  });
});
