/** The whole test run: `npm test`. Prints, as its last line, "N passed, N failed". */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { countCargo, countOf, countVitest, lastLine, type Count } from './counts.ts';
import { ROOT, runStage } from './run-stage.ts';

const VITEST_REPORT = join(ROOT, 'out/test/vitest.json');

async function counted(
  name: string,
  command: readonly string[],
  count: (output: string) => Count,
): Promise<Count> {
  const result = await runStage(name, command);
  const counts = countOf(result, count);
  const how = counts.broken ? ` (by no test: exit status ${result.status})` : '';
  process.stderr.write(
    `── ${name}: ${counts.passed} passed, ${counts.failed} failed${how}, ${result.seconds.toFixed(0)} s\n`,
  );
  return counts;
}

rmSync(VITEST_REPORT, { force: true });
mkdirSync(join(ROOT, 'out/test'), { recursive: true });
const vitest = [
  'bash',
  'scripts/node',
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${VITEST_REPORT}`,
];
// One binary that fails does not keep the others from being counted.
const CARGO_TEST = ['scripts/cargo', 'test', '--locked', '--no-fail-fast', '--color=never'] as const;
const checks = await runStage('check', ['bash', 'scripts/node', 'scripts/check.ts', '--without-tests']);
const counts = [
  { passed: checks.status === 0 ? 1 : 0, failed: checks.status === 0 ? 0 : 1 },
  await counted(
    'cargo',
    [...CARGO_TEST, '-p', 'cocon-core', '-p', 'cocon-native', '-p', 'cocon-device'],
    countCargo,
  ),
  // By itself: it asks for a faster build of what the core uses.
  await counted('cargo, fuzz corpora', [...CARGO_TEST, '-p', 'cocon-fuzz-targets'], countCargo),
  await counted('vitest', vitest, () => countVitest(readFileSync(VITEST_REPORT, 'utf8'))),
];
process.stdout.write(`\n${lastLine(counts)}\n`);
process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
