/** The terminal of a process whose output goes nowhere. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

const TERMINAL = join(import.meta.dirname, '../src/node-terminal.ts');

/** What a shell prints that has the script's output at `$node … <redirection>`. */
async function said(redirection: string, script: string): Promise<string> {
  const code = `import { nodeTerminal } from '${TERMINAL}'; import { setTimeout } from 'node:timers/promises'; ${script}`;
  const line = `set +o pipefail; "$0" --input-type=module-typescript -e "$1" ${redirection}`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line, process.execPath, code]);
  return `${stdout}${stderr}`;
}

describe('nodeTerminal', () => {
  test('goes on without a word when nobody reads its results any more', async () => {
    const script = `for (let n = 0; n < 20; n += 1) { nodeTerminal.out('x\\n'); await setTimeout(20); } nodeTerminal.err('done\\n');`;
    expect(await said('| head -1; echo ${PIPESTATUS[0]}', script)).toBe('x\n0\ndone\n');
  });

  test('goes on when nobody hears of its progress any more', async () => {
    const script = `for (let n = 0; n < 20; n += 1) { nodeTerminal.err('x\\n'); await setTimeout(20); } nodeTerminal.out('done\\n');`;
    expect(await said('2> >(true)', script)).toBe('done\n');
  });

  test('fails in one line when its results cannot be written', async () => {
    const script = `nodeTerminal.out('x\\n'); await setTimeout(1000); nodeTerminal.err('went on');`;
    expect(await said('> /dev/full || echo failed', script)).toBe(
      'failed\nCannot write standard output: ENOSPC: no space left on device, write\n',
    );
  });
});
