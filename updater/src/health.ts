/** Health checks: the executables in a directory, run one after another in the order of their names. */
import type { ReasonName } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import type { Platform } from './platform.ts';

/** Where a system keeps its checks. */
export const HEALTH_DIRECTORY = '/etc/cocon/health.d';
/** Seconds granted to each check. */
export const HEALTH_TIMEOUT_SECONDS = 60;

/** How one check ended. */
export interface CheckResult {
  /** The file's, or the directory's when that cannot be listed. */
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** "exit 1", "killed", "cannot be run", "cannot be listed", "timed out after 60 s"; empty when it passed. */
  readonly ending: string;
  /** The reason to note when it did not pass. */
  readonly reason: Extract<ReasonName, 'none' | 'health-failed' | 'health-timeout'>;
  /** The last of what it printed. */
  readonly output: string;
}

/**
 * Runs the checks up to the first that fails. Files that are not executable are passed over. A directory that cannot be listed
 * has not passed: nobody knows what it asks for.
 */
export async function* runHealthChecks(
  platform: Platform,
  directory: string,
  timeoutSeconds: number,
): AsyncGenerator<CheckResult> {
  let names: readonly string[];
  try {
    names = platform.listDirectory(directory) ?? [];
  } catch (thrown) {
    if (!(thrown instanceof UpdaterError && thrown.code === 'FILE_UNREADABLE')) throw thrown;
    const ending = 'cannot be listed';
    yield {
      name: directory,
      passed: false,
      seconds: 0,
      ending,
      reason: 'health-failed',
      output: thrown.message,
    };
    return;
  }
  for (const name of names) {
    const path = `${directory}/${name}`;
    if (!platform.isExecutable(path)) continue;
    const result = await runCheck(platform, name, path, timeoutSeconds);
    yield result;
    if (!result.passed) return;
  }
}

async function runCheck(
  platform: Platform,
  name: string,
  path: string,
  timeoutSeconds: number,
): Promise<CheckResult> {
  const begun = platform.monotonicMs();
  const result = (
    passed: boolean,
    reason: CheckResult['reason'],
    ending: string,
    output: string,
  ): CheckResult => ({
    name,
    passed,
    seconds: Math.round(platform.monotonicMs() - begun) / 1000,
    ending,
    reason,
    output,
  });
  try {
    const { status, timedOut, output } = await platform.run(path, [], timeoutSeconds);
    if (timedOut) return result(false, 'health-timeout', `timed out after ${timeoutSeconds} s`, output);
    if (status === 0) return result(true, 'none', '', output);
    return result(false, 'health-failed', status === undefined ? 'killed' : `exit ${status}`, output);
  } catch (thrown) {
    // A check that cannot be started has not passed.
    if (thrown instanceof UpdaterError && thrown.code === 'RUN_FAILED') {
      return result(false, 'health-failed', 'cannot be run', thrown.message);
    }
    throw thrown;
  }
}
