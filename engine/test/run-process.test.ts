import { expect, test } from 'vitest';

import { runProcess } from '../src/run-process.ts';

test.each([
  ['exit 3', 3],
  ['kill -KILL $$', 137],
  ['kill -TERM $$', 143],
])('runProcess() gives the status of %j as shells do', async (script, status) => {
  expect((await runProcess('sh', ['-c', script])).status).toBe(status);
});
