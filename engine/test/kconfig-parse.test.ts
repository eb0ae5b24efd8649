import { describe, expect, it } from 'vitest';

import { textOf } from '../src/kconfig/expression.ts';
import type { Condition } from '../src/kconfig/model.ts';
import { parseKconfig } from '../src/kconfig/parse.ts';
import { modelOf, symbolIn } from './kconfig-support.ts';
import { codeOf } from './support.ts';

function texts(conditions: readonly Condition[]): string[] {
  return conditions.map(({ expression, at }) => `${textOf(expression)} @${at}`);
}

describe('parseKconfig()', () => {
  it('reads every type with its prompt', () => {
    const model = modelOf(`
config B
	bool "a switch"
config T
	tristate
	prompt "three ways" if B
config I
	int 'a "number"'
config H
	hex "an address"
config S
	string "a text"
`);
    const found = model.symbols.map(({ name, type, definitions }) => [
      name,
      type,
      definitions[0]?.prompts[0]?.text,
    ]);
    expect(found).toEqual([
      ['B', 'bool', 'a switch'],
      ['T', 'tristate', 'three ways'],
      ['I', 'int', 'a "number"'],
      ['H', 'hex', 'an address'],
      ['S', 'string', 'a text'],
    ]);
    expect(texts(symbolIn(model, 'T').definitions[0]?.prompts[0]?.visibleIf ?? [])).toEqual(['B @Kconfig:6']);
  });

  it('folds menus, ifs and choices into what a symbol depends on, outermost first', () => {
    const model = modelOf(`
menu "Outer"
	depends on M
if I
menu "Inner"
config A
	bool "a"
	depends on D
	depends on E || F
endmenu
endif
choice
	prompt "which"
	depends on C
config X
	bool "x"
endchoice
endmenu
config FREE
	bool
`);
    const [a] = symbolIn(model, 'A').definitions;
    expect(a?.menus).toEqual(['Outer', 'Inner']);
    expect(texts(a?.dependsOn ?? [])).toEqual([
      'M @Kconfig:3',
      'I @Kconfig:4',
      'D @Kconfig:8',
      'E || F @Kconfig:9',
    ]);
    expect(texts(symbolIn(model, 'X').definitions[0]?.dependsOn ?? [])).toEqual([
      'M @Kconfig:3',
      'C @Kconfig:14',
    ]);
    expect(symbolIn(model, 'FREE').definitions[0]).toMatchObject({ dependsOn: [], menus: [] });
  });

  it('hides the prompts in a menu that is visible only sometimes, and does not disable its symbols', () => {
    const model = modelOf(`
menu "m"
	visible if V
config A
	bool "a" if W
endmenu
`);
    const [definition] = symbolIn(model, 'A').definitions;
    expect(texts(definition?.prompts[0]?.visibleIf ?? [])).toEqual(['V @Kconfig:3', 'W @Kconfig:5']);
    expect(definition?.dependsOn).toEqual([]);
  });

  it('reads select, imply, default, def_bool, def_tristate and range, each with its condition', () => {
    const model = modelOf(`
config A
	def_bool y if P && !Q
	select B if C
	imply D
config T
	def_tristate m
config N
	int
	default 8 if SMP
	default 1
	range 1 NR_MAX if 64BIT
	range -5 5
`);
    const [a] = symbolIn(model, 'A').definitions;
    expect(a?.defaults).toMatchObject([{ value: { kind: 'symbol', name: 'y' }, at: 'Kconfig:3' }]);
    expect(a?.defaults.map(({ when }) => when && textOf(when))).toEqual(['P && !Q']);
    expect(a?.selects).toEqual([{ symbol: 'B', when: { kind: 'symbol', name: 'C' }, at: 'Kconfig:4' }]);
    expect(a?.implies).toEqual([{ symbol: 'D', at: 'Kconfig:5' }]);
    expect(symbolIn(model, 'T').type).toBe('tristate');
    const [n] = symbolIn(model, 'N').definitions;
    expect(n?.defaults.map(({ value }) => textOf(value))).toEqual(['8', '1']);
    expect(n?.ranges.map(({ low, high, when }) => [textOf(low), textOf(high), when && textOf(when)])).toEqual(
      [
        ['1', 'NR_MAX', '64BIT'],
        ['-5', '5', undefined],
      ],
    );
  });

  it('reads a choice with its members, also those in an if, and its default', () => {
    const model = modelOf(`
choice
	prompt "Compression" if EXPERT
	default XZ if FAST
	help
	  Which one.
config GZIP
	bool "gzip"
if FAST
config XZ
	bool "xz"
endif
comment "no member"
endchoice
`);
    expect(model.choices).toMatchObject([
      {
        at: 'Kconfig:2',
        prompt: 'Compression',
        members: ['GZIP', 'XZ'],
        defaults: [{ symbol: 'XZ' }],
        help: 'Which one.',
      },
    ]);
    expect(symbolIn(model, 'XZ').definitions[0]?.choice).toBe(0);
  });

  it('keeps the indentation inside of a help text and ends it at the first line that is less indented', () => {
    const model = modelOf(
      'config A\n\tbool "a"\n\thelp\n\t  First line,\n\n\t    indented: config B\n\t  last.\n\n\tdepends on C\nconfig D\n\tbool\n\thelp\nconfig E\n\tbool\n',
    );
    const [a] = symbolIn(model, 'A').definitions;
    expect(a?.help).toBe('First line,\n\n  indented: config B\nlast.');
    expect(a?.dependsOn).toHaveLength(1);
    expect(symbolIn(model, 'D').definitions[0]?.help).toBe('');
    expect(symbolIn(model, 'E').type).toBe('bool');
  });

  it('reads comments, escaped line ends, carriage returns and a file without a last line end', () => {
    const model = modelOf('# text "open\nconfig A # B\n\tbool\r\n\tdepends on B && \\\n\t\tC\n\tselect D');
    const [a] = symbolIn(model, 'A').definitions;
    expect(texts(a?.dependsOn ?? [])).toEqual(['B && C @Kconfig:4']);
    expect(a?.selects).toEqual([{ symbol: 'D', at: 'Kconfig:6' }]);
  });

  it('joins the definitions of a symbol in several files, and lets the first type hold', () => {
    const model = modelOf({
      Kconfig: 'config A\n\tdepends on B\nsource "sub/Kconfig"\nosource "none"\norsource "none"\n',
      'sub/Kconfig': 'config A\n\ttristate "a"\nrsource "Kconfig.more"\n',
      'sub/Kconfig.more': 'config A\n\tbool\n\ttransitional\n',
    });
    const { type, definitions } = symbolIn(model, 'A');
    expect(type).toBe('tristate');
    expect(definitions.map(({ at }) => at)).toEqual(['Kconfig:1', 'sub/Kconfig:1', 'sub/Kconfig.more:1']);
    expect(definitions[2]?.transitional).toBe(true);
  });

  it('finds the symbol for modules', () => {
    expect(modelOf('config MODULES\n\tbool "m"\n\tmodules\n').modules).toBe('MODULES');
  });

  it('gives plain data that survives JSON', () => {
    const model = modelOf('menu "m"\nconfig A\n\tbool "a"\n\tdefault $(cc-option,-g)\nendmenu\n');
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  });

  it.each([
    ['config A B\n', 'Kconfig:1: B is too much'],
    ['config\n', 'Kconfig:1: it ends where the name of a symbol is missing'],
    ['config "A"\n', 'Kconfig:1: the name of a symbol is missing before "A"'],
    ['config A\n\tbool "open\n', 'Kconfig:2: a text has no closing "'],
    ['config A\n\tdepends A\n', 'Kconfig:2: "depends" is not followed by "on"'],
    ['config A\n\tdepends on (A && B\n', 'Kconfig:2: a ")" is missing'],
    ['config A\n\tdepends on A &&\n', 'Kconfig:2: it ends where a symbol or a value is missing'],
    ['config A\n\tdepends on A = B = C\n', 'Kconfig:2: = is too much'],
    ['config A\n\tbool; x\n', 'Kconfig:2: the character ";" has no meaning here'],
    ['wibble A\n', 'Kconfig:1: no statement begins with wibble'],
    ['bool "a"\n', 'Kconfig:1: the type bool belongs to no symbol'],
    ['menu "m"\n', 'Kconfig:1: the file ends, but the menu that Kconfig:1 begins does not'],
    ['endif\n', 'Kconfig:1: endif ends nothing'],
    ['menu "m"\nendif\n', 'Kconfig:2: endif stands in a block that Kconfig:1 begins with menu'],
    ['choice\nendchoice\n', 'Kconfig:2: the choice at Kconfig:1 has no prompt'],
    ['menu "m"\nselect A\n', 'Kconfig:2: "select" belongs to no symbol'],
    ['source $(X)\n', 'Kconfig:1: which file $(X) is depends on the toolchain'],
    ['source "../secret"\n', 'Kconfig:1: ../secret is outside of the source tree'],
    ['source "/etc/passwd"\n', 'Kconfig:1: /etc/passwd is outside of the source tree'],
    ['$(error-if,y,no compiler)\n', 'Kconfig:1: no compiler'],
  ])('refuses %j with the file and the line', (text, message) => {
    expect(codeOf(() => modelOf(text))).toBe('KCONFIG_INVALID');
    expect(() => modelOf(text)).toThrow(`Cannot read ${message}`);
  });

  it('refuses a block that ends in another file', () => {
    const files = { Kconfig: 'menu "m"\nsource "b"\n', b: 'endmenu\n' };
    expect(() => modelOf(files)).toThrow(
      'Cannot read b:1: endmenu ends what Kconfig:1 begins in another file',
    );
  });

  it('names the file that is missing, and who includes it', () => {
    const call = () => modelOf('config A\n\tbool\nsource "arch/$(SRCARCH)/Kconfig"\n', 'vax');
    expect(codeOf(call)).toBe('KCONFIG_NOT_FOUND');
    expect(call).toThrow('Cannot read arch/vax/Kconfig: Kconfig:3 includes it');
    expect(codeOf(() => parseKconfig({ read: () => undefined, architecture: 'x86' }))).toBe(
      'KCONFIG_NOT_FOUND',
    );
  });
});
