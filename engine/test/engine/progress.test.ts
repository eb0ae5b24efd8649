import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { buildProgress } from '../../src/engine/progress.ts';
import { SlicesError } from '../../src/errors.ts';
import { fileNode } from './support.ts';

const [musl, busybox] = [fileNode('musl', ''), fileNode('busybox', '')];
const failed = new SlicesError('BUILD_FAILED', 'Cannot build busybox@x86_64: step "compile" ended with 2');

/** What is printed, in the words of a terminal. */
function progress(interactive: boolean, clock: { now: number }) {
  let text = '';
  const terminal = { out() {}, err: (more: string) => void (text += more), interactive };
  const events = buildProgress(terminal, { now: () => clock.now, columns: () => 60 });
  return {
    events,
    said: (): string => {
      const before = text;
      text = '';
      return before;
    },
  };
}

describe('buildProgress() without a terminal', () => {
  test('says a line per step and per outcome, and a sign of life when a step is long', () => {
    const clock = { now: 0 };
    const { events, said } = progress(false, clock);
    events({ kind: 'planned', total: 3 });
    events({ kind: 'found', node: fileNode('headers', '') });
    events({ kind: 'started', node: musl });
    events({ kind: 'step', node: musl, step: 'compile' });
    events({ kind: 'line', node: musl, text: 'cc a.c' });
    expect(said()).toBe('musl@x86_64: compile\n');
    clock.now = 31_000;
    events({ kind: 'line', node: musl, text: 'cc b.c' });
    expect(said()).toBe('musl@x86_64: compile, after 0:31\n');
    events({ kind: 'built', node: musl, seconds: 65, same: true });
    events({ kind: 'started', node: busybox });
    events({ kind: 'failed', node: busybox, error: failed });
    events({ kind: 'left out', node: fileNode('above', '') });
    expect(said())
      .toBe(`musl@x86_64: built in 1:05, the same as before (1 of 3 built, 1 from the store, 0 running)
busybox@x86_64: failed (1 of 3 built, 1 from the store, 0 running, 1 failed)
above@x86_64: left out, for something that it needs failed (1 of 3 built, 1 from the store, 0 running, 1 failed)
`);
  });

  test('gives a sign of life also of a step that prints nothing, until all is over', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let text = '';
    const terminal = { out() {}, err: (more: string) => void (text += more), interactive: false };
    const events = buildProgress(terminal);
    events({ kind: 'started', node: busybox });
    events({ kind: 'started', node: musl });
    events({ kind: 'step', node: musl, step: 'link' });
    vi.advanceTimersByTime(61_000);
    const lines = ['0:30', '1:00'].flatMap((time) => [
      `busybox@x86_64: after ${time}`,
      `musl@x86_64: link, after ${time}`,
    ]);
    expect(text.trimEnd().split('\n')).toEqual(['musl@x86_64: link', ...lines]);
    events({ kind: 'over' });
    text = '';
    vi.advanceTimersByTime(61_000);
    expect(text).toBe('');
  });

  test('says what share of its lines a step has printed, where they are known, and else how many', () => {
    const clock = { now: 0 };
    const { events, said } = progress(false, clock);
    const print = (lines: number): void => {
      for (let line = 0; line < lines; line += 1) events({ kind: 'line', node: musl, text: 'cc' });
      clock.now += 31_000;
      events({ kind: 'line', node: musl, text: 'cc' });
    };
    events({ kind: 'started', node: musl });
    events({ kind: 'step', node: musl, step: 'compile', lines: 400 });
    print(99);
    print(299);
    print(10);
    expect(said()).toBe(`musl@x86_64: compile
musl@x86_64: compile 25 %, after 0:31
musl@x86_64: compile 100 %, after 1:02
musl@x86_64: compile 411 lines, after 1:33
`);
    events({ kind: 'step', node: musl, step: 'link' });
    print(29);
    expect(said()).toBe('musl@x86_64: link\nmusl@x86_64: link 30 lines, after 2:04\n');
  });

  test('says nothing when everything is in the store', () => {
    const { events, said } = progress(false, { now: 0 });
    events({ kind: 'planned', total: 1 });
    events({ kind: 'found', node: musl });
    events({ kind: 'over' });
    expect(said()).toBe('');
  });
});

describe('buildProgress() on a terminal', () => {
  test('draws a row per running node and a summary, and leaves only what is over', () => {
    const clock = { now: 0 };
    const { events, said } = progress(true, clock);
    events({ kind: 'planned', total: 2 });
    events({ kind: 'started', node: musl });
    events({ kind: 'started', node: busybox });
    said();
    clock.now = 5000;
    events({ kind: 'step', node: busybox, step: 'compile' });
    clock.now = 6000;
    events({
      kind: 'line',
      node: busybox,
      text: `\u001B[1mcc\u001B[0m ${'a long command line '.repeat(9)}`,
    });
    const rows = said().split('\u001B[3A\u001B[J').at(-1)?.split('\u001B[K\n');
    expect(rows).toEqual([
      '  musl@x86_64 · 0:06',
      '  busybox@x86_64 · compile · 0:06 · cc a long command line a long'.slice(0, 59),
      '0 of 2 built, 0 from the store, 2 running',
      '',
    ]);
    events({ kind: 'built', node: musl, seconds: 6, same: false });
    expect(said()).toContain('musl@x86_64: built in 0:06\n');
    events({ kind: 'over' });
    expect(said()).toBe('\r\u001B[2A\u001B[J');
  });
});
