/** How many tests a runner has passed and failed, told from what it has said. What did not run has failed. */

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Sums the "test result" lines of `cargo test`. An ignored test is a failed one, as a skipped one of vitest is. */
export function countCargo(output: string): Count {
  let passed = 0;
  let failed = 0;
  for (const match of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    passed += Number(match[1]);
    failed += Number(match[2]) + Number(match[3]);
  }
  return { passed, failed };
}

/** Reads vitest's JSON report. Throws when it is none. */
export function countVitest(json: string): Count {
  const report = JSON.parse(json) as Partial<Record<string, number>>;
  const of = (name: string): number => {
    const value = report[name];
    if (value === undefined) throw new TypeError(`the report does not tell ${name}`);
    return value;
  };
  return {
    passed: of('numPassedTests'),
    failed: of('numFailedTests') + of('numPendingTests') + of('numTodoTests'),
  };
}

/**
 * A runner's own count, by what it has printed and the status that it ended with. One that ends badly without a failing test (a
 * crash, a missing tool, no test found, no report) counts as one failure.
 */
export function countOf(
  { status, output }: { readonly status: number; readonly output: string },
  count: (output: string) => Count,
): Count & { readonly broken: boolean } {
  let found: Count = { passed: 0, failed: 0 };
  try {
    found = count(output);
  } catch {
    // No report is no test.
  }
  const broken = found.failed === 0 && (status !== 0 || found.passed === 0);
  return { ...found, ...(broken && { failed: 1 }), broken };
}

/** The sum, as the last line of a run. */
export function lastLine(counts: readonly Count[]): string {
  const sum = (of: keyof Count): number => counts.reduce((total, each) => total + each[of], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed`;
}
