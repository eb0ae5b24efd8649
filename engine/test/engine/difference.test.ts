import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { describeChange, differences } from '../../src/engine/difference.ts';

describe('differences()', () => {
  test('compares lists of named things by name, and says when only their order changed', () => {
    const [configure, compile] = [
      { name: 'configure', script: './configure' },
      { name: 'compile', script: 'make' },
    ];
    const patch = { name: 'patch', script: 'patch' };
    expect(differences({ steps: [configure, compile] }, { steps: [patch, configure, compile] })).toEqual([
      { path: 'steps[patch]', to: patch },
    ]);
    expect(differences({ steps: [configure, compile] }, { steps: [compile, configure] })).toEqual([
      { path: 'steps', from: 'configure\ncompile', to: 'compile\nconfigure' },
    ]);
  });

  test('finds nothing between equal values and something between others', () => {
    const json = fc.jsonValue();
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(differences(a, structuredClone(a))).toEqual([]);
        const [first, second] = [JSON.stringify(sorted(a)), JSON.stringify(sorted(b))];
        expect(differences(a, b).length > 0).toBe(first !== second);
      }),
    );
  });
});

/** With the members of objects in order: their order is no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { members: entries.map(([name, member]) => [name, sorted(member)]) };
}

describe('describeChange()', () => {
  test('says what came and what went', () => {
    expect(describeChange({ path: 'options.vi', from: true, to: false })).toEqual([
      'options.vi: true -> false',
    ]);
    expect(describeChange({ path: 'facts.IPV6', to: true })).toEqual(['facts.IPV6: nothing -> true']);
    expect(describeChange({ path: 'version', from: '1' })).toEqual(['version: 1 -> nothing']);
  });

  test('shows texts as a difference of lines, and cuts a long one', () => {
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const long = describeChange({ path: 'text', from: '', to: lines.join('\n') });
    expect(long.slice(0, 3)).toEqual(['text:', '  @@ -0,0 +1,200 @@', '  +line 0']);
    expect(long.at(-1)).toBe('  … 161 more lines');
  });

  test('shows a line break that came at the end', () => {
    expect(describeChange({ path: 'text', from: 'a\nb', to: 'a\nb\n' })).toEqual([
      'text:',
      '  @@ -1,2 +1,2 @@',
      '   a',
      '  -b',
      '  \\ No newline at end of file',
      '  +b',
    ]);
  });
});
