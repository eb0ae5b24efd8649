/**
 * The whole test run: `npm test`. Prints, as its last line, "N passed, N failed".
 *
 * A runner that ends badly without a failing test (a crash, a missing tool, no test found) counts as one failure,
 * so that nothing is lost quietly.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT, runStage } from './run-stage.ts';

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const VITEST_REPORT = join(ROOT, 'out/test/vitest.json');

/** Sums the "test result" lines of `cargo test`. An ignored test is a failed one, as a skipped one of vitest is. */
function countCargo(output: string): Count {
  let passed = 0;
  let failed = 0;
  for (const match of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    passed += Number(match[1]);
    failed += Number(match[2]) + Number(match[3]);
  }
  return { passed, failed };
}

/** Reads vitest's JSON report. */
function countVitest(): Count {
  const report = JSON.parse(readFileSync(VITEST_REPORT, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  };
  // A skipped test is a failed one here: a missing tool must not pass.
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numPendingTests + report.numTodoTests,
  };
}

async function counted(
  name: string,
  command: readonly string[],
  count: (output: string) => Count,
): Promise<Count> {
  const result = await runStage(name, command);
  let found: Count = { passed: 0, failed: 0 };
  try {
    found = count(result.output);
  } catch {
    process.stderr.write(`${name}: its report could not be read\n`);
  }
  const broken = found.failed === 0 && (result.status !== 0 || found.passed === 0);
  const counts = broken ? { passed: found.passed, failed: 1 } : found;
  const how = broken ? ` (by no test: exit status ${result.status})` : '';
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
  await counted('vitest', vitest, countVitest),
];
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
