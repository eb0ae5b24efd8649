/** What is said of a step that failed. */
import { expect, test } from 'vitest';

import { StepFailed } from '../../src/engine/run-steps.ts';

test('StepFailed shows the end of the log without what would steer a terminal', () => {
  const step = { name: 'compile', script: 'make' };
  const mounts = { toolchain: '', readOnly: {}, writable: {} };
  const run = {
    node: 'sample@x86_64',
    steps: [step],
    mounts,
    logPath: '/log',
    onStep() {},
    onLine() {},
  } as const;
  const tail = ['\u001B[31mfehler: größe\u001B[0m', '\u001B]0;title\u0007a\rb\u0008'];
  const { message } = new StepFailed({ run, index: 0, step, status: 2, tail });
  expect(message).toBe('Cannot build sample@x86_64: step "compile" ended with 2\n  fehler: größe\n  a b ');
});
