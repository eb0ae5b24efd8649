/** How the whole test run counts, and that its last line is there when nothing could run. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeScratch } from '@cocon-os/qemu';
import { afterAll, expect, test } from 'vitest';

import { countCargo, countOf, countVitest, lastLine } from '../../scripts/counts.ts';
import { ROOT } from '../support/releases.ts';

const scratch = makeScratch('counts');
afterAll(() => scratch[Symbol.dispose]());

const cargo = (passed: number, failed: number, ignored: number): string =>
  `running 3 tests\ntest result: ok. ${passed} passed; ${failed} failed; ${ignored} ignored; 0 measured\n`;
const vitest = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 4 };

test('tests that did not run have failed', () => {
  expect(countCargo(cargo(3, 0, 0) + cargo(4, 1, 2))).toEqual({ passed: 7, failed: 3 });
  expect(countVitest(JSON.stringify(vitest))).toEqual({ passed: 5, failed: 7 });
});

test.each([
  ['passes', 0, cargo(3, 0, 0), { passed: 3, failed: 0 }],
  ['fails by a test', 101, cargo(3, 2, 0), { passed: 3, failed: 2 }],
  ['crashes after its tests', 1, cargo(3, 0, 0), { passed: 3, failed: 1 }],
  ['does not start', 127, 'not found', { passed: 0, failed: 1 }],
  ['finds no test', 0, '', { passed: 0, failed: 1 }],
])('a runner that %s', (_how, status, output, count) => {
  expect(countOf({ status, output }, countCargo)).toMatchObject(count);
});

test.each(['', '{}', 'null', '{"numPassedTests": 3}'])('the report %j is one failure', (report) => {
  expect(countOf({ status: 0, output: '' }, () => countVitest(report))).toMatchObject({
    passed: 0,
    failed: 1,
  });
});

test('the last line is the sum', () => {
  expect(lastLine([countCargo(cargo(3, 1, 0)), { passed: 2, failed: 1 }])).toBe('5 passed, 2 failed');
});

test.each([
  ['fails', 'exit 1', 'exit 0', '0 passed, 1 failed', 1],
  ['succeeds', 'exit 0', 'echo "7 passed, 0 failed"', '7 passed, 0 failed', 0],
])('CI ends with the count when the setup %s', (_how, setup, tests, last, status) => {
  const root = scratch.file(`ci-${status}`);
  for (const folder of ['.ci', 'scripts']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(join(ROOT, '.ci/run'), join(root, '.ci/run'));
  copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  writeFileSync(join(root, 'scripts/setup'), `echo 'hint: the way out' >&2\n${setup}\n`);
  writeFileSync(join(root, 'scripts/node'), `${tests}\n`);
  const run = spawnSync('bash', [join(root, '.ci/run')], { encoding: 'utf8' });
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe(last);
  expect(run.status).toBe(status);
});
