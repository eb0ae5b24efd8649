import { expect, test } from 'vitest';

import { redraws } from '@cocon-os/cli/node';

test.each<[string, boolean, Readonly<Record<string, string>>, boolean]>([
  ['a terminal', true, { TERM: 'xterm' }, true],
  ['no terminal', false, { TERM: 'xterm' }, false],
  ['a terminal without colors', true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  // An empty value counts as none: no-color.org.
  ['a terminal and an empty NO_COLOR', true, { TERM: 'xterm', NO_COLOR: '' }, true],
  ['a terminal that moves no cursor', true, { TERM: 'dumb' }, false],
])('%s is redrawn or not', (_, isTerminal, environment, redrawn) => {
  expect(redraws(isTerminal, environment)).toBe(redrawn);
});
