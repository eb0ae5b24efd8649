/** Progress for programs: one JSON object a line on standard error, at most one a percent. */
import type { Progress, Terminal } from '@cocon-os/cli';

/** Lines like `{"step":"write","done":1048576,"total":8388608}`, in bytes. */
export function jsonProgress(terminal: Terminal): Progress {
  let last = '';
  return {
    update(step, done, total) {
      const mark = `${step} ${Math.floor((done / Math.max(total, 1)) * 100)}`;
      if (mark === last) return;
      last = mark;
      terminal.err(`${JSON.stringify({ step, done, total })}\n`);
    },
    finish() {
      last = '';
    },
  };
}
