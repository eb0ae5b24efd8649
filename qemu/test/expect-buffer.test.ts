import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { ExpectBuffer } from '../src/expect-buffer.ts';
import type { Found, Pattern } from '../src/expect-buffer.ts';

/** All finds in `text` when it arrives cut at `cuts`. */
function findsOf(text: string, cuts: readonly number[], patterns: readonly Pattern[]): readonly Found[] {
  const buffer = new ExpectBuffer();
  const finds: Found[] = [];
  const edges = [
    0,
    ...[...cuts].map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b),
    text.length,
  ];
  for (const [index, edge] of edges.entries()) {
    buffer.append(text.slice(edge, edges[index + 1] ?? text.length));
    for (let found = buffer.take(patterns); found !== undefined; found = buffer.take(patterns))
      finds.push(found);
  }
  return finds;
}

const consoleText = fc.string({ unit: fc.constantFrom('a', 'b', '1', '#', ' ', '\n'), maxLength: 60 });
const patternSets = fc.constantFrom<readonly Pattern[]>(
  ['ab'],
  [/a+/],
  ['b', /a/],
  [/^#+ (\d)?/, '# ', 'a'],
  [/b$/, /a./, '1\n'],
);

describe('ExpectBuffer.take()', () => {
  property.prop([consoleText, fc.array(fc.nat()), patternSets])(
    'finds the same wherever the text is cut',
    (text, cuts, patterns) => {
      expect(findsOf(text, cuts, patterns)).toEqual(findsOf(text, [], patterns));
    },
  );

  property.prop([consoleText, patternSets])('loses no text', (text, patterns) => {
    const buffer = new ExpectBuffer();
    buffer.append(text);
    let seen = '';
    for (let found = buffer.take(patterns); found !== undefined; found = buffer.take(patterns)) {
      seen += found.before + found.text;
    }
    expect(seen + buffer.pending).toBe(text);
  });

  test('finds a prompt that no line end follows', () => {
    const buffer = new ExpectBuffer();
    buffer.append('login: ');
    expect(buffer.take(['login: '])).toEqual({ index: 0, text: 'login: ', groups: [], before: '' });
  });

  test('waits for the end of the line before it tries a regular expression', () => {
    const buffer = new ExpectBuffer();
    buffer.append('slot 1 ver');
    expect(buffer.take([/slot (\d) (\w+)/])).toBeUndefined();
    buffer.append('sion\n');
    expect(buffer.take([/slot (\d) (\w+)/])).toMatchObject({
      text: 'slot 1 version',
      groups: ['1', 'version'],
    });
  });

  test('prefers the pattern that is complete first, then the one named first', () => {
    const buffer = new ExpectBuffer();
    buffer.append('one two\n');
    expect(buffer.take([/one/, 'two'])?.index).toBe(1);
    buffer.append('one two\n');
    expect(buffer.take([/two/, /one/])?.index).toBe(0);
  });

  test('ignores the memory of a global expression', () => {
    const pattern = /a/g;
    expect(findsOf('a\na\na\n', [], [pattern])).toHaveLength(3);
  });
});
