import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SlicesError } from '../src/errors.ts';
import { modelOf } from './kconfig-support.ts';
import { codeOf } from './support.ts';

const DEEP = 10_000;

/** What texts are made of that look somewhat like Kconfig files. */
const PIECES =
  `config A;bool;prompt "p";help;depends on;default;select;range;visible if;A;if;endif;menu "m";endmenu;choice
endchoice;source;(;);&&;||;!;=;:=;,;";';\\;#;$(;$(A);\0;\u{1F600}`
    .split(/[;\n]/)
    .concat('\n', '\n\t');

describe('parseKconfig(), hostile input', () => {
  it.each([
    ['parentheses', `config A\n\tdepends on ${'('.repeat(DEEP)}B${')'.repeat(DEEP)}\n`],
    ['negations', `config A\n\tdepends on ${'!'.repeat(DEEP)}B\n`],
    ['open parentheses', `config A\n\tdepends on ${'('.repeat(DEEP)}\n`],
    ['macros', `config A\n\tdefault ${'$('.repeat(DEEP)}x${')'.repeat(DEEP)}\n`],
    ['ifs', `${'if A\n'.repeat(DEEP)}${'endif\n'.repeat(DEEP)}`],
    ['functions', `config A\n\tdefault ${'$(a,'.repeat(DEEP)}x${')'.repeat(DEEP)}\n`],
  ])('refuses %s nested ten thousand deep', (_, text) => {
    expect(codeOf(() => modelOf(text))).toBe('KCONFIG_INVALID');
  });

  it('reads a condition of ten thousand parts', () => {
    const parts = Array.from({ length: DEEP }, (_, index) => `S${index}`).join(' && ');
    expect(modelOf(`config A\n\tdepends on ${parts}\n`).symbols).toHaveLength(1);
  });

  it('reads a file of four megabytes', () => {
    const text = `config A\n\tbool\n\thelp\n${'\t  a line of help\n'.repeat(200_000)}${'#'.repeat(500_000)}\n${'\\\n'.repeat(100_000)}config B\n\tbool\n`;
    const { symbols } = modelOf(text);
    expect(symbols.map(({ name }) => name)).toEqual(['A', 'B']);
    expect(symbols[1]?.definitions[0]?.at).toBe('Kconfig:300005');
  });

  it('names the circle of files that include each other', () => {
    const files = { Kconfig: 'source "a"\n', a: '\nsource "b"\n', b: 'source "./a"\n' };
    expect(codeOf(() => modelOf(files))).toBe('KCONFIG_INVALID');
    expect(() => modelOf(files)).toThrow('Cannot read b:1: a includes itself: Kconfig > a > b > a');
  });

  it('gives up on files that double with each level', () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, level) => [`f${level}`, `source "f${level + 1}"\n`.repeat(2)]),
    );
    const tree = { Kconfig: 'source "f0"\n', ...files, f40: '' };
    expect(() => modelOf(tree)).toThrow('the tree includes more than 20000 files');
  });

  it('takes names like __proto__ and constructor for what they are', () => {
    const model = modelOf('config __proto__\n\tbool\nconfig constructor\n\tbool\n\tselect __proto__\n');
    expect(model.symbols.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    expect(codeOf(() => modelOf('constructor\n'))).toBe('KCONFIG_INVALID');
    expect(codeOf(() => modelOf('__proto__ A\n'))).toBe('KCONFIG_INVALID');
  });

  it('either reads any text, or refuses it with a place', () => {
    const piece = fc.constantFrom(...PIECES);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          modelOf(pieces.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(SlicesError);
          expect(String(error)).toMatch(
            /Cannot read Kconfig:\d+: |Cannot read [^:]+: Kconfig:\d+ includes it/,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
