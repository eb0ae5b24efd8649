/** Runs a shell script of a test to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Standard output of `script`, run by bash with `set -euo pipefail`; `$1`, `$2` … are `args`. Throws when it fails. */
export async function sh(script: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('bash', ['-euo', 'pipefail', '-c', script, 'sh', ...args], {
    maxBuffer: 2 ** 26,
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
  });
  return stdout;
}
