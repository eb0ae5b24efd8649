/** `cocon kernel` over the real tree: the kernel is configured, which takes seconds once, and not built. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';
import { runProcess } from '../src/run-process.ts';

async function kernel(...args: readonly string[]): Promise<{ status: number; stdout: string; said: string }> {
  const command = [join(REPOSITORY, 'image-builder/bin/cocon.ts'), 'kernel', ...args];
  const result = await runProcess('bash', [join(REPOSITORY, 'scripts/node'), ...command], {
    cwd: REPOSITORY,
  });
  return { status: result.status, stdout: result.stdout, said: result.tail.join('\n') };
}

test('cocon kernel why tells who asked, what selected, what is lacking, and what a slip was meant to be', async () => {
  const { status, stdout } = await kernel('why', 'EROFS_FS', 'CONFIG_CRC32', 'WIREGUARD', 'EROFSFS');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^EROFS_FS=y .*\n {2}asked for by cocon-update, containers$/m);
  expect(stdout).toMatch(/^CRC32=y .*\n(?: {2}.*\n)* {2}selected by .* <- asked for by /m);
  expect(stdout).toMatch(/^WIREGUARD=n .*\n {2}nobody asks for it$/m);
  expect(stdout).toMatch(/^EROFSFS {2}\(no symbol of this kernel\)\n {2}near to it: EROFS_FS/m);
});

test('cocon kernel why --json gives one object with an answer for each symbol', async () => {
  const { stdout } = await kernel('why', 'IPV6', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    symbols: [{ symbol: 'IPV6', value: 'y', reasons: [{ kind: 'asked', by: ['profile embedded'] }] }],
  });
});

test('cocon kernel config prints the configuration that holds every demand', async () => {
  const { stdout } = await kernel('config');
  expect(stdout).toMatch(/^CONFIG_EROFS_FS=y$/m);
  expect(stdout).toMatch(/^# CONFIG_MODULES is not set$/m);
});

test.each([[['frobnicate']], [['why']]])('cocon kernel %j is wrong usage', async (args) => {
  const { status, said } = await kernel(...args);
  expect(status).toBe(2);
  expect(said).toContain('hint: ');
});
