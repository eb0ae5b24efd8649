import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { PlainText } from '../src/plain-text.ts';

const consoleText = fc.string({
  unit: fc.constantFrom('a', '7', ';', 'H', 'm', '[', ']', '(', '\\', '\u001B', '\u0007', '\r', '\n'),
});

describe('PlainText.push()', () => {
  property.prop([fc.array(consoleText)])('gives the same wherever the text is cut', (pieces) => {
    const filter = new PlainText();
    expect(pieces.map((piece) => filter.push(piece)).join('')).toBe(new PlainText().push(pieces.join('')));
  });

  test.each([
    ['colours', '\u001B[0m\u001B[35m\u001B[40mBdsDxe\u001B[=3h: loading', 'BdsDxe: loading'],
    ['carriage returns', 'one\r\ntwo\r\n', 'one\ntwo\n'],
    ['a title', '\u001B]0;busybox\u0007# ', '# '],
    ['a title ended by ST', '\u001B]0;busybox\u001B\\# ', '# '],
    ['a choice of character set', '\u001B(Btext', 'text'],
    ['a position request of a shell', '# \u001B[6n', '# '],
  ])('removes %s', (_what, from, to) => {
    expect(new PlainText().push(from)).toBe(to);
  });

  test('ends the line when the cursor jumps to another row, once', () => {
    expect(new PlainText().push('\u001B[2J\u001B[01;01H\u001B[01;01Hone\u001B[02;01H\u001B[02;01Htwo')).toBe(
      'one\ntwo',
    );
  });

  test('does not end the line when the cursor stays in its row', () => {
    expect(new PlainText().push('\u001B[05;01HShell> v\u001B[05;09He\u001B[05;10Hr')).toBe('Shell> ver');
  });
});
