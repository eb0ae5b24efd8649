/** Where an error is, by the stacks that Node gives. */
import { expect, test } from 'vitest';

import { atPlaceOf } from '../src/graph/place-of-error.ts';

const withStack = (stack: string): Error => Object.assign(new Error('wrong'), { stack });

test.each([
  [
    'of a file that is no JavaScript',
    'file:///project/profiles/parts/a%20list.ts:3\n  2;\n   ^\n\nSyntaxError: wrong\n    at parse (node:internal/x:72:36)',
    ' at /project/profiles/parts/a list.ts:3',
  ],
  [
    'of a call on the first level',
    'Error: wrong\n    at file:///project/own.ts:7:24\n    at f (file:///project/other.ts:1:1)',
    ' at /project/own.ts:7',
  ],
  [
    'of a call in a function, passed on by this package',
    `Error: wrong\n    at defineSlice (file://${import.meta.dirname.replace(/test$/, 'src')}/define/slice.ts:9:9)\n    at f (file:///project/own.ts:7:24)`,
    ' at /project/own.ts:7',
  ],
  [
    'of none when Node alone has found it',
    'Error: wrong\n    at resolve (node:internal/x:1:1)\n    at async file:///project/own.ts:7:24',
    '',
  ],
])('atPlaceOf() tells the place %s', (_, stack, place) => {
  expect(atPlaceOf(withStack(stack))).toBe(place);
});

test('atPlaceOf() knows no place of what is no error', () => {
  expect([atPlaceOf('wrong'), atPlaceOf(undefined)]).toEqual(['', '']);
});
