/** What people see of a build: one living line on a terminal, a line per step where there is none. */
import type { Terminal } from '@cocon-os/cli';

import type { Slice } from '../define-slice.ts';

/** Hears of a build as it goes on. */
export interface BuildReporter {
  /** A step of a slice begins. */
  step(slice: Slice, step: string): void;
  /** The step printed a line. */
  line(text: string): void;
  /** The slice is done. */
  done(slice: Slice, seconds: number): void;
}

/** A reporter that says nothing. */
export const silentReporter: BuildReporter = { step() {}, line() {}, done() {} };

const REDRAW_MS = 100;
/** Without a terminal, a sign of life this often. */
const HEARTBEAT_MS = 30_000;
const LAST_LINE_WIDTH = 60;

/** Progress for people, on standard error. */
export function terminalReporter(terminal: Terminal, now: () => number = Date.now): BuildReporter {
  let title = '';
  let began = 0;
  let drawn = 0;
  const elapsed = (): string => clock((now() - began) / 1000);
  return {
    step(slice, step) {
      if (title !== '' && terminal.interactive) terminal.err('\r\u001B[K');
      title = `${slice.name} ${slice.version} · ${step}`;
      began = now();
      drawn = began;
      terminal.err(terminal.interactive ? title : `${title}\n`);
    },
    line(text) {
      if (now() - drawn < (terminal.interactive ? REDRAW_MS : HEARTBEAT_MS)) return;
      drawn = now();
      const last = printable(text).slice(0, LAST_LINE_WIDTH);
      terminal.err(
        terminal.interactive ? `\r${title} · ${elapsed()} · ${last}\u001B[K` : `${title} · ${elapsed()}\n`,
      );
    },
    done(slice, seconds) {
      // Assembled without a step, at once: not worth a line.
      if (title === '') return;
      if (terminal.interactive) terminal.err('\r\u001B[K');
      terminal.err(`${slice.name} ${slice.version} · built in ${clock(seconds)}\n`);
      title = '';
    },
  };
}

/** `133` seconds as "2:13". */
function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]/g, ' ').trim();
}
