/** What the demo prints. */
import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

test('into a pipe a chapter of the demo is plain text', () => {
  const script = `import { Timeline } from './test/demo/timeline.ts'; new Timeline().chapter('Release 1');`;
  const options = ['scripts/node', '--input-type=module', '--eval', script];
  expect(execFileSync('bash', options, { cwd: ROOT, encoding: 'utf8' })).toBe('\nRelease 1\n');
});
