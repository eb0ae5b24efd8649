import { describe, expect, it } from 'vitest';

import { Explainer } from '../src/kconfig/explain.ts';
import type { MergedDemand } from '../src/kconfig/merge.ts';
import { whyText } from '../src/kconfig/why-text.ts';
import { askedBy, modelOf } from './kconfig-support.ts';

/** The lines below the first of what `why` says. */
function why(files: string, config: string, demands: readonly MergedDemand[], symbol: string): string[] {
  const text = whyText(new Explainer(modelOf(files), config, demands).why(symbol));
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.slice(2));
}

const FILESYSTEMS = `
config BLOCK
	bool "block layer"
config CRC
	tristate
config HASH
	bool
	select CRC
config EROFS
	bool "erofs"
	depends on BLOCK
	select HASH if VERITY
config VERITY
	bool "verity"
config ZIP
	bool "compression"
	depends on EROFS
config ZSTD
	bool "zstd"
	depends on ZIP && !SMALL
config SMALL
	bool "small"
config HIDDEN
	bool "hidden" if EXPERT
config EXPERT
	bool "expert"
config LIB
	def_bool y if EROFS
config TUNED
	bool "tuned"
	default y
	depends on $(cc-option,-mtune)
`;

describe('Explainer.why(), what is on', () => {
  it('names everybody who asked', () => {
    const demands: MergedDemand[] = [{ symbol: 'BLOCK', value: 'y', askedBy: ['board pc', 'crun'] }];
    expect(why(FILESYSTEMS, 'CONFIG_BLOCK=y', demands, 'BLOCK')).toEqual(['asked for by board pc, crun']);
  });

  it('follows selects, with their conditions, up to a demand', () => {
    const config = 'CONFIG_BLOCK=y\nCONFIG_EROFS=y\nCONFIG_VERITY=y\nCONFIG_HASH=y\nCONFIG_CRC=y\n';
    const demands = askedBy('base', 'EROFS=y', 'BLOCK=y', 'VERITY=y');
    expect(why(FILESYSTEMS, config, demands, 'CRC')).toEqual([
      'selected by HASH (Kconfig:8) <- selected by EROFS if VERITY (Kconfig:12) <- asked for by base',
    ]);
  });

  it('leaves out a select whose condition does not hold, and a selector that is off', () => {
    const config = 'CONFIG_EROFS=y\nCONFIG_CRC=y\nCONFIG_BLOCK=y\n';
    expect(why(FILESYSTEMS, config, [], 'HASH')).toEqual([
      'it has no prompt, so nobody can ask for it',
      'selected by EROFS if VERITY',
    ]);
    expect(why(FILESYSTEMS, config, [], 'CRC')).toEqual(['the Kconfig files give no reason']);
  });

  it('gives the default that made it so', () => {
    expect(why(FILESYSTEMS, 'CONFIG_EROFS=y\nCONFIG_BLOCK=y\nCONFIG_LIB=y', [], 'LIB')).toEqual([
      'by default y if EROFS (Kconfig:28)',
    ]);
  });

  it('takes the shortest way to a demand and runs in no circle', () => {
    const files = `
config A
	bool "a"
	select B
config B
	bool
	select C
config C
	bool
	select B
	select A
`;
    const config = 'CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\n';
    expect(why(files, config, askedBy('x', 'A=y'), 'B')).toEqual([
      'selected by A (Kconfig:4) <- asked for by x',
      'selected by C (Kconfig:10)',
    ]);
    expect(why(files, config, [], 'B')).toHaveLength(2);
  });

  it('says that a member of a choice was chosen, and that implied is not selected', () => {
    const files = `
choice
	prompt "Timer"
config HZ_100
	bool "100"
config HZ_250
	bool "250"
	imply NICE
endchoice
config NICE
	bool "nice"
`;
    const config = '# CONFIG_HZ_100 is not set\nCONFIG_HZ_250=y\nCONFIG_NICE=y\n';
    expect(why(files, config, [], 'HZ_250')).toEqual(['chosen in "Timer" (Kconfig:2)']);
    expect(why(files, config, askedBy('x', 'HZ_250=y'), 'NICE')).toEqual([
      'implied by HZ_250 (Kconfig:8) <- asked for by x',
    ]);
  });

  it('explains numbers and texts', () => {
    const files =
      'config N\n\tint "n"\n\tdefault M\n\trange 1 9\nconfig M\n\tint\n\tdefault 50\nconfig T\n\tstring\n\tdefault "$(CC)"\n';
    const config = 'CONFIG_N=9\nCONFIG_M=50\nCONFIG_T="gcc"\n';
    expect(why(files, config, [], 'N')).toEqual(['by default M (Kconfig:3)']);
    expect(why(files, config, askedBy('x', 'N=9'), 'N')).toEqual(['asked for by x']);
    expect(why(files, config, [], 'M')).toEqual(['by default 50 (Kconfig:7)']);
    expect(why(files, config, [], 'T')).toEqual(['by default "$(CC)" (Kconfig:10)']);
  });

  it('knows that without modules, what was asked for as one is built in', () => {
    const files = 'config T\n\ttristate "t"\nconfig MODULES\n\tbool "m"\n\tmodules\n';
    expect(why(files, 'CONFIG_T=y\n', askedBy('x', 'T=m'), 'T')).toEqual(['asked for as a module by x']);
    expect(why(files, 'CONFIG_MODULES=y\nCONFIG_T=y\n', askedBy('x', 'T=m'), 'T')).toEqual([
      'the Kconfig files give no reason',
    ]);
  });

  it('knows a text that nobody has set, and a number that is not there at all', () => {
    const files =
      'config T\n\tstring "t"\nconfig N\n\tint "n"\n\tdefault 4\n\tdepends on OTHER\nconfig OTHER\n\tbool "o"\n';
    expect(why(files, 'CONFIG_T=""\n', [], 'T')).toEqual(['nobody asks for it']);
    expect(why(files, 'CONFIG_T=""\n', [], 'N')).toEqual([
      'nobody asks for it',
      'depends on OTHER (Kconfig:6), which nobody asks for',
    ]);
  });

  it('lists what it cannot explain', () => {
    const explainer = new Explainer(
      modelOf(FILESYSTEMS),
      'CONFIG_CRC=y\nCONFIG_BLOCK=y\n',
      askedBy('x', 'BLOCK=y'),
    );
    expect(explainer.unexplained()).toEqual(['CRC']);
  });
});

describe('Explainer.why(), what is off', () => {
  it('says that nobody asks for what could be on', () => {
    expect(why(FILESYSTEMS, '', [], 'CONFIG_BLOCK')).toEqual(['nobody asks for it']);
  });

  it('follows what it depends on down to what nobody asks for', () => {
    expect(why(FILESYSTEMS, 'CONFIG_SMALL=y\n', askedBy('tiny', 'SMALL=y'), 'ZSTD')).toEqual([
      'nobody asks for it',
      'depends on ZIP (Kconfig:20), which nobody asks for',
      '  depends on EROFS (Kconfig:17), which nobody asks for',
      '    depends on BLOCK (Kconfig:11), which nobody asks for',
      'depends on !SMALL (Kconfig:20), but SMALL is on, asked for by tiny',
    ]);
  });

  it('says who wants it off', () => {
    expect(why(FILESYSTEMS, '', askedBy('tiny', 'BLOCK=n'), 'BLOCK')).toEqual(['tiny wants it off']);
    expect(why(FILESYSTEMS, '', askedBy('tiny', 'BLOCK=n'), 'EROFS')).toEqual([
      'nobody asks for it',
      'depends on BLOCK (Kconfig:11), which tiny wants off',
    ]);
  });

  it('says what hides a prompt, and what the toolchain decides', () => {
    expect(why(FILESYSTEMS, '', [], 'HIDDEN')).toEqual([
      'nobody asks for it',
      'its prompt is shown only if EXPERT (Kconfig:24), which nobody asks for',
    ]);
    expect(why(FILESYSTEMS, '', [], 'TUNED')).toEqual([
      'nobody asks for it',
      'the toolchain decides $(cc-option,-mtune)',
    ]);
  });

  it('shows the smallest parts of a condition, each alternative once, and ends in a circle', () => {
    const files = `
config A
	bool "a"
	depends on (B && C) || D || NR > 8 || MISSPELT
config B
	bool "b"
config C
	bool "c"
	depends on A
config D
	bool
	select A
config NR
	int "nr"
	default 4
`;
    expect(why(files, 'CONFIG_B=y\nCONFIG_NR=4\n', askedBy('x', 'B=y'), 'A')).toEqual([
      'nobody asks for it',
      'depends on (B && C) || D || NR > 8 || MISSPELT (Kconfig:4), none of which holds',
      '  C, which nobody asks for',
      '    depends on A (Kconfig:9), which is off',
      '  D, which is off',
      '    it has no prompt, so nobody can ask for it',
      '  NR > 8, but NR is 4',
      '    by default 4 (Kconfig:15)',
      '  MISSPELT, which this kernel does not have',
    ]);
  });

  it('answers for a name that the kernel does not have', () => {
    const found = new Explainer(modelOf(FILESYSTEMS), '', []).why('EORFS');
    expect(found).toEqual({
      symbol: 'EORFS',
      value: 'n',
      type: 'undefined',
      at: [],
      reasons: [{ kind: 'undefined', near: ['EROFS'] }],
    });
    expect(whyText(found)).toBe('EORFS  (no symbol of this kernel)\n  near to it: EROFS');
  });

  it('gives plain data', () => {
    const answer = new Explainer(modelOf(FILESYSTEMS), '', []).why('ZSTD');
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
    expect(answer).toMatchObject({
      symbol: 'ZSTD',
      value: 'n',
      type: 'bool',
      prompt: 'zstd',
      at: ['Kconfig:18'],
    });
  });

  it('follows a long chain only so far', () => {
    const links = Array.from(
      { length: 50 },
      (_, index) => `config L${index}\n\tbool "l"\n\tdepends on L${index + 1}\n`,
    );
    expect(why(links.join(''), '', [], 'L0').length).toBeLessThan(12);
  });
});
