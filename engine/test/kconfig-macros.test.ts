import { describe, expect, it } from 'vitest';

import { textOf } from '../src/kconfig/expression.ts';
import { parseKconfig } from '../src/kconfig/parse.ts';
import { modelOf } from './kconfig-support.ts';
import { codeOf } from './support.ts';

/** What `default` comes to in a file that begins with these lines. */
function defaultOf(
  source: string,
  before = '',
): { readonly kind: string; readonly text: string } | undefined {
  const model = modelOf(`${before}\nconfig A\n\tstring\n\tdefault ${source}\n`);
  const value = model.symbols[0]?.definitions[0]?.defaults[0]?.value;
  return value === undefined ? undefined : { kind: value.kind, text: textOf(value) };
}

describe('macros', () => {
  it('expands variables, := at once and = when they are used', () => {
    const before = 'X := old\nNOW := $(X)\nLATER = $(X)\nX := new\nX += er\n';
    expect(defaultOf('"$(NOW) $(LATER)"', before)).toEqual({ kind: 'text', text: '"old new er"' });
  });

  it('appends to a variable of either kind', () => {
    const before = 'R += a\nR += $(X)\nX := b\n';
    expect(defaultOf('"$(R)"', before)).toEqual({ kind: 'text', text: '"a b"' });
  });

  it('calls functions of the file with arguments, whose parentheses protect commas', () => {
    const before = 'join = $(2)-$(1)\n';
    expect(defaultOf('"$(join,a,b(c,d))"', before)).toEqual({ kind: 'text', text: '"b(c,d)-a"' });
    expect(defaultOf('"$($(which),a,b)"', `${before}which := join\n`)).toEqual({
      kind: 'text',
      text: '"b-a"',
    });
  });

  it('makes a word of a macro, and nothing of an empty one', () => {
    expect(defaultOf('$(empty) A$(x)B', 'empty :=\nx := 1\n')).toEqual({ kind: 'symbol', text: 'A1B' });
  });

  it('knows the architecture, the file and the line', () => {
    expect(defaultOf('"$(SRCARCH) $(filename):$(lineno)"')).toEqual({
      kind: 'text',
      text: '"x86 Kconfig:4"',
    });
  });

  it('takes further variables from the caller', () => {
    const model = parseKconfig({
      read: () => 'config A\n\tdepends on "$(KERNELVERSION)" = "6.12"\n',
      architecture: 'x86',
      environment: { KERNELVERSION: '6.12' },
    });
    const [condition] = model.symbols[0]?.definitions[0]?.dependsOn ?? [];
    expect(condition && textOf(condition.expression)).toBe('"6.12" = "6.12"');
  });

  it.each([
    ['$(shell,date)'],
    ['$(cc-option,-mfoo)'],
    ['$(success,test -z "(a)")'],
    ['x$(CC)'],
    ['"$(CC) of $(SRCARCH)"'],
    ['"$(made-of-unknown)"'],
  ])('leaves %s unknown, as it is written', (source) => {
    const before = `success = $(shell,{ $(1); } && echo y || echo n)\nmade-of-unknown := $(success,true)\n`;
    expect(defaultOf(source, before)).toEqual({ kind: 'unknown', text: source });
  });

  it('passes over errors and warnings whose condition is unknown', () => {
    const text =
      '$(error-if,$(failure,command -v $(CC)),none)\n$(warning-if,y,w)\n$(info,i)\nconfig A\n\tbool\n';
    expect(modelOf(text).symbols).toHaveLength(1);
  });

  it.each([
    ['a variable that is made of itself', 'A = $(A)\nX := $(A)\n'],
    ['two that are made of each other', 'A = $(B)\nB = $(A)\nX := $(A)\n'],
    [
      'doubling',
      `${Array.from({ length: 40 }, (_, index) => `V${index + 1} = $(V${index})$(V${index})\n`).join('')}V0 := xxxxxxxx\nX := $(V40)\n`,
    ],
    ['an endless text', `A := ${'x'.repeat(60_000)}\nX := $(A)$(A)\n`],
  ])('gives up on %s', (_, text) => {
    expect(codeOf(() => modelOf(text))).toBe('KCONFIG_INVALID');
    expect(() => modelOf(text)).toThrow('its macros expand without end');
  });

  it('refuses a macro without an end', () => {
    expect(() => modelOf('config A\n\tdefault $(cc-option,(a)\n\n')).toThrow(
      'Cannot read Kconfig:2: a macro has no ")" on this line',
    );
  });
});
