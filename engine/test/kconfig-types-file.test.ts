import { describe, expect, it } from 'vitest';

import { kernelTypes } from '../src/kconfig/types-file.ts';
import { modelOf } from './kconfig-support.ts';

const COMMON = `
menu "File systems"
	depends on BLOCK || VIRTUAL
config EROFS
	tristate "EROFS */ support"
	depends on ZIP
	help
	  The first paragraph
	  goes on.

	  @param is no tag.
config 64BIT
	def_bool y
config NR
	int "n"
config ADDRESS
	hex "a"
config NAME
	string "s"
endmenu
`;

describe('kernelTypes()', () => {
  it('has one member a symbol, with prompt, help, dependencies and place', () => {
    const text = kernelTypes([modelOf(COMMON)], 'key 1');
    expect(text.startsWith('// key 1\n')).toBe(true);
    expect(text).toContain(`    /**
     * EROFS *∕ support
     *
     * The first paragraph
     * goes on.
     *
     * \\@param is no tag.
     *
     * Depends on (BLOCK || VIRTUAL) && ZIP
     *
     * File systems > Kconfig:4
     */
    EROFS: TristateSymbol;
`);
    for (const member of [
      "'64BIT': BoolSymbol;",
      'NR: NumberSymbol;',
      'ADDRESS: HexSymbol;',
      'NAME: StringSymbol;',
    ]) {
      expect(text).toContain(`\n    ${member}\n`);
    }
    expect(text.indexOf('64BIT')).toBeLessThan(text.indexOf('interface KernelSymbols'));
    expect(text.indexOf('NR: ')).toBeGreaterThan(text.indexOf('interface KernelSymbols'));
  });

  it('joins architectures: says which have a symbol, and takes bool where one has no module', () => {
    const arm = modelOf('config ARM\n\tdef_bool y\nconfig KVM\n\tbool "kvm"\n', 'arm');
    const x86 = modelOf('config KVM\n\ttristate "kvm"\nconfig UNTYPED\n', 'x86');
    for (const text of [kernelTypes([arm, x86], 'k'), kernelTypes([x86, arm], 'k')]) {
      expect(text).toContain('Kconfig:1 (only arm)');
      expect(text).toContain('KVM: BoolSymbol;');
      expect(text).not.toContain('UNTYPED');
    }
  });

  it('cuts a long help text at the end of a paragraph, a sentence or a word', () => {
    const help = (text: string): string =>
      kernelTypes([modelOf(`config A\n\tbool "a"\n\thelp\n${text.replaceAll(/^/gm, '\t  ')}\n`)], 'k');
    expect(help(`${'a '.repeat(200)}end\n\n${'b '.repeat(300)}`)).toContain(
      'a end\n     *\n     * Kconfig:1',
    );
    expect(help(`${'a '.repeat(200)}end. ${'b '.repeat(300)}`)).toContain('a end.\n     *\n     * Kconfig:1');
    expect(help('word '.repeat(300))).toContain('word …\n     *\n     * Kconfig:1');
  });
});
