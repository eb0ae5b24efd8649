/** Expressions of the Kconfig language as plain data, and as the text they were written in. */

/** How two values are compared. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/**
 * What stands beside a comparison, or for itself: a symbol, a quoted text, or a macro whose outcome the toolchain
 * decides. A bare word that no file defines, such as `64`, is a symbol too and means its own name; `y`, `m` and `n` are constants.
 */
export type Operand =
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unknown'; readonly text: string };

/** A condition or a value. `and` and `or` are flat: none holds another of its own kind, and each has two parts at least. */
export type Expression =
  | Operand
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    };

/** Joins expressions, flat; one alone stays as it is. */
export function joined(kind: 'and' | 'or', parts: readonly Expression[]): Expression {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.of : [part]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { kind, of: flat };
}

/** The expression as a Kconfig file has it, with parentheses where they are needed. */
export function textOf(expression: Expression): string {
  switch (expression.kind) {
    case 'symbol':
      return expression.name;
    case 'text':
      return `"${expression.text.replaceAll(/["\\]/g, '\\$&')}"`;
    case 'unknown':
      return expression.text;
    case 'not':
      return `!${enclosed(expression.of, ['and', 'or', 'compare'])}`;
    case 'compare':
      return `${textOf(expression.left)} ${expression.operator} ${textOf(expression.right)}`;
    case 'and':
      return expression.of.map((part) => enclosed(part, ['or'])).join(' && ');
    case 'or':
      return expression.of.map((part) => enclosed(part, ['and'])).join(' || ');
  }
}

/** Whether a name is one of the constants. */
export function isTristateName(name: string): name is 'y' | 'm' | 'n' {
  return name === 'y' || name === 'm' || name === 'n';
}

function enclosed(expression: Expression, kinds: readonly Expression['kind'][]): string {
  const text = textOf(expression);
  return kinds.includes(expression.kind) ? `(${text})` : text;
}
