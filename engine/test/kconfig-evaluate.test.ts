import { describe, expect, it } from 'vitest';

import { Configuration } from '../src/kconfig/evaluate.ts';
import { modelOf, symbolIn } from './kconfig-support.ts';

const SYMBOLS = `
config MODULES
	bool "modules"
	modules
config Y
	tristate "y"
config M
	tristate "m"
config N
	bool "n"
config INT
	int "number"
config HEX
	hex "address"
config TEXT
	string "text"
`;
const CONFIG = `CONFIG_MODULES=y
CONFIG_Y=y
CONFIG_M=m
# CONFIG_N is not set
CONFIG_INT=64
CONFIG_HEX=0x1000
CONFIG_TEXT="a \\"b\\""
`;

/** What an expression comes to. */
function outcomeOf(text: string, config = CONFIG): string {
  const model = modelOf(`${SYMBOLS}config RESULT\n\tbool\n\tdepends on ${text}\n`);
  const [condition] = symbolIn(model, 'RESULT').definitions[0]?.dependsOn ?? [];
  if (condition === undefined) throw new Error('no condition');
  return new Configuration(model, config).evaluate(condition.expression);
}

describe('Configuration.evaluate()', () => {
  it.each([
    ['Y', 'y'],
    ['M', 'm'],
    ['N', 'n'],
    ['NOBODY', 'n'],
    ['!Y', 'n'],
    ['!M', 'm'],
    ['Y && M', 'm'],
    ['M || Y', 'y'],
    ['M && N', 'n'],
    ['m', 'm'],
    ['"y"', 'y'],
    ['"text"', 'n'],
    ['$(cc-option,-g)', '?'],
    ['!$(cc-option,-g)', '?'],
    ['$(cc-option,-g) && N', 'n'],
    ['$(cc-option,-g) && Y', '?'],
    ['$(cc-option,-g) || Y', 'y'],
    ['$(cc-option,-g) || N', '?'],
    ['"$(CC)" = "gcc"', '?'],
    ['Y = y', 'y'],
    ['M = m', 'y'],
    ['M != y', 'y'],
    ['Y > M', 'y'],
    ['N < M', 'y'],
    ['INT = 64', 'y'],
    ['INT >= 65', 'n'],
    ['INT < 100', 'y'],
    ['"9" < INT', 'y'],
    ['HEX = 0x1000', 'y'],
    ['HEX > 0xfff', 'y'],
    ['TEXT = "a \\"b\\""', 'y'],
    ['TEXT != ""', 'y'],
    ['NOBODY = "NOBODY"', 'y'],
  ])('takes %s for %s', (text, wanted) => {
    expect(outcomeOf(text)).toBe(wanted);
  });

  it('has no m without modules', () => {
    expect(outcomeOf('m', '# CONFIG_MODULES is not set\n')).toBe('n');
  });

  it('gives what .config does not name the value of nothing', () => {
    expect(outcomeOf('INT = 0', '')).toBe('y');
    expect(outcomeOf('HEX = 0x0', '')).toBe('y');
    expect(outcomeOf('TEXT = ""', '')).toBe('y');
    expect(outcomeOf('Y = n', '')).toBe('y');
  });
});
