/** Progress on standard error: one line rewritten on a terminal, a line per step where there is none. */
import type { Terminal } from './terminal.ts';
import { formatBytes } from './format.ts';

/** Tells how far a long job is. */
export interface Progress {
  /** `done` of `total` bytes (or units) of the step called `label`. */
  update(label: string, done: number, total: number): void;
  /** The step is over; a terminal's line is closed. */
  finish(): void;
}

/** A progress that says nothing. */
export const silentProgress: Progress = { update() {}, finish() {} };

const REDRAW_STEP = 0.01;

/** Progress for people: percent and bytes. Without a terminal each label is printed once, when it begins. */
export function terminalProgress(terminal: Terminal): Progress {
  let label = '';
  let drawn = -1;
  return {
    update(next, done, total) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      if (next === label && share - drawn < REDRAW_STEP && share < 1) return;
      if (next !== label && terminal.interactive && label !== '') terminal.err('\n');
      if (next !== label && !terminal.interactive) terminal.err(`${next} (${formatBytes(total)})\n`);
      label = next;
      drawn = share;
      if (terminal.interactive) {
        terminal.err(
          `\r${next} ${String(Math.floor(share * 100)).padStart(3)} % of ${formatBytes(total)}\u001B[K`,
        );
      }
    },
    finish() {
      if (terminal.interactive && label !== '') terminal.err('\n');
      label = '';
      drawn = -1;
    },
  };
}
