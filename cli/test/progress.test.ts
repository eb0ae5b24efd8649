import { describe, expect, it } from 'vitest';

import { terminalProgress } from '@cocon-os/cli';

function draw(interactive: boolean): string {
  let err = '';
  const progress = terminalProgress({ out() {}, err: (text) => (err += text), interactive });
  for (let done = 0; done <= 1000; done += 1) progress.update('write', done, 1000);
  progress.update('verify', 0, 2048);
  progress.finish();
  return err;
}

describe('terminalProgress()', () => {
  it('names each step once where there is no terminal', () => {
    expect(draw(false)).toBe('write (1000 B)\nverify (2 KiB)\n');
  });

  it('redraws its line about once a percent on a terminal', () => {
    const lines = draw(true).split('\r');
    expect(lines.length).toBeLessThan(110);
    expect(lines.at(-2)).toContain('write 100 % of 1000 B');
  });
});
