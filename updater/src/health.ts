/** Health checks: the executables in a directory, run one after another in the order of their names. */
import type { ReasonName } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import { lastLine } from './last-line.ts';
import type { FileKind, Platform } from './platform.ts';
import { checkFormat, startFault, type CheckFormat } from './start-fault.ts';

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
  /** "exit 1", "killed by SIGSEGV", "cannot be run", "cannot be listed", "timed out after 60 s"; empty when it passed. */
  readonly ending: string;
  /** The reason to note when it did not pass. */
  readonly reason: Extract<ReasonName, 'none' | 'health-failed' | 'health-timeout'>;
  /** The last of what it printed; why it cannot be run, when it cannot. */
  readonly output: string;
  /** Of that the last line, as it is kept. */
  readonly lastLine: string;
}

/** Why a file among the checks is not run. */
const PASSED_OVER: Readonly<Record<Exclude<FileKind, 'program'>, string>> = {
  file: 'it is not executable',
  directory: 'it is a directory',
  other: 'it is not a regular file',
  nothing: 'it is a link that leads nowhere',
};

/** What editors and package managers leave behind; as systemd has it (hidden_or_backup_file), with `#x#` of Emacs and patch's. */
const LEFTOVER =
  /^[.#]|[~#]$|\.(?:bak|old|new|orig|rej|tmp|sw[a-p]|dpkg-\w+|ucf-\w+|rpm(?:new|save|orig)|pac(?:new|save|orig)|apk-new)$/;

/**
 * Runs the checks up to the first that fails. `warn` hears of each file that is passed over because it is not executable, and
 * of what is odd about one that is run. A directory that cannot be listed has not passed: nobody knows what it asks for.
 */
export async function* runHealthChecks(
  platform: Platform,
  directory: string,
  timeoutSeconds: number,
  warn: (line: string) => void,
): AsyncGenerator<CheckResult> {
  let names: readonly string[];
  try {
    names = platform.listDirectory(directory) ?? [];
  } catch (thrown) {
    if (!(thrown instanceof UpdaterError && thrown.code === 'FILE_UNREADABLE')) throw thrown;
    yield {
      name: directory,
      passed: false,
      seconds: 0,
      ending: 'cannot be listed',
      reason: 'health-failed',
      output: thrown.message,
      lastLine: lastLine(thrown.message),
    };
    return;
  }
  for (const name of names) {
    const path = `${directory}/${name}`;
    const kind = platform.fileKind(path);
    if (kind !== 'program') {
      warn(`check ${name}: passed over, ${PASSED_OVER[kind]}`);
      continue;
    }
    if (LEFTOVER.test(name)) {
      warn(
        `check ${name}: its name is one of an editor's or package manager's leftovers; it counts all the same`,
      );
    }
    const result = await runCheck(platform, name, path, timeoutSeconds, warn);
    yield result;
    if (!result.passed) return;
  }
}

async function runCheck(
  platform: Platform,
  name: string,
  path: string,
  timeoutSeconds: number,
  warn: (line: string) => void,
): Promise<CheckResult> {
  const begun = platform.monotonicMs();
  const result = (reason: CheckResult['reason'], ending: string, output: string): CheckResult => ({
    name,
    passed: reason === 'none',
    seconds: Math.round(platform.monotonicMs() - begun) / 1000,
    ending,
    reason,
    output,
    lastLine: lastLine(output),
  });
  let format: CheckFormat = { kind: 'elf' };
  try {
    format = checkFormat(platform, path);
    if (format.kind === 'unknown')
      return result('health-failed', 'cannot be run', startFault(platform, format, ''));
    if (format.kind === 'bare') warn(`check ${name}: it has no first line "#!", so /bin/sh runs it`);
    const [program, args] = format.kind === 'bare' ? ['/bin/sh', [path]] : [path, []];
    const { status, signal, timedOut, output } = await platform.run(program, args, timeoutSeconds);
    if (timedOut) return result('health-timeout', `timed out after ${timeoutSeconds} s`, output);
    if (status === 0) return result('none', '', output);
    return result(
      'health-failed',
      status === undefined ? `killed by ${signalName(signal)}` : `exit ${status}`,
      output,
    );
  } catch (thrown) {
    // A check that cannot be read or started has not passed.
    if (thrown instanceof UpdaterError && ['RUN_FAILED', 'FILE_UNREADABLE'].includes(thrown.code)) {
      return result('health-failed', 'cannot be run', startFault(platform, format, thrown.message));
    }
    throw thrown;
  }
}

/** The signals that end programs; the numbers are the same on all processors that we know (signal(7)). */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

function signalName(signal: number | undefined): string {
  return SIGNALS[signal ?? 0] ?? `signal ${signal ?? 'unknown'}`;
}
