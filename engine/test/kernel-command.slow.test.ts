/** `cocon kernel` over the real tree: the kernel is configured, which takes seconds once, and not built. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';
import { runProcess } from '../src/run-process.ts';

async function kernel(...args: readonly string[]): Promise<{ status: number; stdout: string; said: string }> {
  const command = [join(REPOSITORY, 'image-builder/bin/cocon.ts'), 'kernel', ...args];
  const result = await runProcess('bash', [join(REPOSITORY, 'scripts/node'), ...command], {
    cwd: REPOSITORY,
    environment: process.env,
  });
  return { status: result.status, stdout: result.stdout, said: result.tail.join('\n') };
}

test('cocon kernel why tells who asked, what selected, and what is lacking', async () => {
  const { status, stdout } = await kernel('why', 'EROFS_FS', 'CONFIG_CRC32', 'WIREGUARD');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^EROFS_FS=y .*\n {2}asked for by cocon-update, containers$/m);
  expect(stdout).toMatch(/^CRC32=y .*\n(?: {2}.*\n)* {2}selected by .* <- asked for by /m);
  expect(stdout).toMatch(/^WIREGUARD=n .*\n {2}nobody asks for it$/m);
});

test.each([
  ['EROFSFS', 'Did you mean EROFS_FS?'],
  ['CONFIG_EROFSFS', 'Did you mean EROFS_FS?'],
  ['erofs_fs', 'Did you mean EROFS_FS?'],
  ['WIREGAURD', 'Did you mean WIREGUARD?'],
  ['QQQQQQQQ', 'cocon kernel config prints'],
])('cocon kernel why fails for %s, which this kernel does not have: %s', async (symbol, hint) => {
  const { status, stdout, said } = await kernel('why', 'EROFS_FS', symbol);
  expect([status, stdout]).toEqual([1, '']);
  const name = symbol.replace('CONFIG_', '');
  expect(said).toContain(`cocon: Cannot say why: this kernel has no symbol ${name} [NAME_UNKNOWN]`);
  expect(said).toContain(`hint: ${hint}`);
});

test('cocon kernel why names all symbols that there are not, in one object with --json', async () => {
  const { status, stdout } = await kernel('why', 'EROFSFS', 'IPV6', 'QQQQQQQQ', '--json');
  expect([status, JSON.parse(stdout)]).toEqual([
    1,
    {
      error: {
        code: 'NAME_UNKNOWN',
        message: 'Cannot say why: this kernel has no symbol EROFSFS, nor QQQQQQQQ',
        hint: 'Did you mean EROFS_FS?',
        facts: { kind: 'symbol', name: 'EROFSFS' },
      },
    },
  ]);
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
