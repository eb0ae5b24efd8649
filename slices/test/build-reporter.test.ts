import type { Terminal } from '@cocon-os/cli';
import { describe, expect, it } from 'vitest';

import { terminalReporter } from '../src/build/build-reporter.ts';
import { scriptSlice } from './support.ts';

const SLICE = scriptSlice('true');

/** A terminal that keeps what it is told, and a clock that a test sets. */
function stage(interactive: boolean): {
  readonly terminal: Terminal;
  readonly said: string[];
  readonly clock: { ms: number };
} {
  const said: string[] = [];
  return { terminal: { interactive, out() {}, err: (text) => void said.push(text) }, said, clock: { ms: 0 } };
}

describe('terminalReporter()', () => {
  it('writes a line per step, a sign of life twice a minute, and a line at the end', () => {
    const { terminal, said, clock } = stage(false);
    const reporter = terminalReporter(terminal, () => clock.ms);
    reporter.step(SLICE, 'compile');
    for (; clock.ms <= 61_000; clock.ms += 1000) reporter.line('CC main.o');
    reporter.done(SLICE, 61);
    expect(said).toEqual([
      'sample 1 · compile\n',
      'sample 1 · compile · 0:30\n',
      'sample 1 · compile · 1:00\n',
      'sample 1 · built in 1:01\n',
    ]);
  });

  it('rewrites one line on a terminal, with the last line of the build and no control characters of its own', () => {
    const { terminal, said, clock } = stage(true);
    const reporter = terminalReporter(terminal, () => clock.ms);
    reporter.step(SLICE, 'compile');
    clock.ms = 65_000;
    reporter.line('  CC \u001B[31mmain.o\t');
    reporter.line('too soon to be drawn');
    reporter.done(SLICE, 66);
    expect(said).toEqual([
      'sample 1 · compile',
      '\rsample 1 · compile · 1:05 · CC  [31mmain.o\u001B[K',
      '\r\u001B[K',
      'sample 1 · built in 1:06\n',
    ]);
  });

  it('says nothing of a slice that took no step', () => {
    const { terminal, said } = stage(true);
    terminalReporter(terminal).done(SLICE, 0);
    expect(said).toEqual([]);
  });
});
