import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { joined, textOf, type Expression, type Operand } from '../src/kconfig/expression.ts';
import { modelOf } from './kconfig-support.ts';

/** The expression that a text is read as. */
function parsed(text: string): Expression | undefined {
  const model = modelOf(`config A\n\tdepends on ${text}\n`);
  return model.symbols[0]?.definitions[0]?.dependsOn[0]?.expression;
}

const operand: fc.Arbitrary<Operand> = fc.oneof(
  fc
    .constantFrom('A', 'B', '64BIT', 'y', 'm', '0x10', '-5')
    .map((name) => ({ kind: 'symbol' as const, name })),
  fc
    .string({ maxLength: 6 })
    .map((text) => ({ kind: 'text' as const, text: text.replaceAll(/\$\(|[\p{Cc}\p{Cs}]/gu, '') })),
  fc.constantFrom('$(cc-option,-g)', '$(x)').map((text) => ({ kind: 'unknown' as const, text })),
);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    operand,
    fc.record({
      kind: fc.constant('compare' as const),
      operator: fc.constantFrom(
        '=' as const,
        '!=' as const,
        '<' as const,
        '<=' as const,
        '>' as const,
        '>=' as const,
      ),
      left: operand,
      right: operand,
    }),
    tie('expression').map((of) => ({ kind: 'not' as const, of })),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const),
        fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
      )
      .map(([kind, parts]) => joined(kind, parts)),
  ),
}));

describe('textOf()', () => {
  it('is read back as the same expression', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        expect(parsed(textOf(tree))).toEqual(tree);
      }),
    );
  });
});

describe('expressions', () => {
  it.each([
    ['A && B || C', '(A && B) || C'],
    ['A || B && C', 'A || (B && C)'],
    ['!A && B', '!A && B'],
    ['!(A && B)', '!(A && B)'],
    ['!A = y', '!(A = y)'],
    ['((A))', 'A'],
    ['(A && B) && (C && D)', 'A && B && C && D'],
    ['A!=n&&B<=4', 'A != n && B <= 4'],
    ['\'single\' = "double"', '"single" = "double"'],
  ])('reads %s as %s', (text, wanted) => {
    const tree = parsed(text);
    expect(tree && textOf(tree)).toBe(wanted);
  });
});
