/** What is said of a step that failed: the command that leads to its place, for the very tree that was built. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { cacheDirectory, cacheDirectoryAt } from '../src/cache-directory.ts';
import { buildCommand } from '../src/commands/build.ts';
import { verify } from '../src/commands/verify.ts';
import { buildGraph } from '../src/engine/build.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';
import { freshCache, graphOf, stepsNode } from './engine/support.ts';
import { errorOf, run, scratchDirectory, unusedSealer } from './support.ts';

const SOURCE = join(import.meta.dirname, '../src');
const build = buildCommand(unusedSealer);
const program = { name: 'cocon', summary: 'for a test', commands: [build, verify] };

/** The hint of a command where the profiles `embedded` and `other`, and the boards `pc` and `other`, have a slice that fails. */
async function hintOf(...argv: readonly string[]): Promise<string> {
  const cwd = await scratchDirectory();
  const usual = cacheDirectory();
  const cache = cacheDirectoryAt(join(cwd, 'cache'));
  for (const folder of ['cache', 'profiles', 'boards']) await mkdir(join(cwd, folder));
  for (const name of ['toolchain', 'sources', 'apt'] as const) await symlink(usual[name], cache[name]);
  vi.stubEnv('COCON_CACHE', cache.root);
  const imports = `import { defineProfile } from '${SOURCE}/define/profile.ts';
import { defineBoard } from '${SOURCE}/define/board.ts';
import { defineSlice } from '${SOURCE}/define/slice.ts';`;
  for (const name of ['embedded', 'other']) {
    await writeFile(
      join(cwd, `profiles/${name}.ts`),
      `${imports}
const failing = defineSlice({
  name: 'failing', version: '1', license: 'MIT', summary: 'A slice for a test', outputs: { runtime: [''] },
  build: () => ({ kind: 'steps', steps: [{ name: 'compile', script: 'false' }] }),
});
export const profile = defineProfile({ name: '${name}', summary: 'For a test', slices: [failing] });
`,
    );
  }
  for (const name of ['pc', 'other']) {
    await writeFile(
      join(cwd, `boards/${name}.ts`),
      `${imports}
export const board = defineBoard({ name: '${name}', summary: 'For a test', target: 'x86_64', commandLine: '', kernel: () => [] });
`,
    );
  }
  const { err } = await run(program, cwd, argv);
  vi.unstubAllEnvs();
  return /^hint: .*$/m.exec(err)?.[0].replace(cache.root, '') ?? err;
}

const LOG = 'hint: The whole log is /logs/failing@x86_64.log';

test.each([
  [['build'], 'cocon shell failing@x86_64'],
  [['build', 'other'], 'cocon shell failing@x86_64 --profile other'],
  [['build', '--board', 'other', '-t', 'failing'], 'cocon shell failing@x86_64 --board other'],
  [
    ['verify', '--profile', 'other', '--board', 'other'],
    'cocon shell failing@x86_64 --profile other --board other',
  ],
])('cocon %j points to the place where a step failed: %s', async (argv, command) => {
  expect(await hintOf(...argv)).toBe(`${LOG}; ${command} leads to the place where it failed.`);
});

test('buildGraph() alone, to whose graph no command may lead, points to the log', async () => {
  const cache = await freshCache();
  const { hint } = await errorOf(buildGraph(graphOf([stepsNode('failing', ['false'])]), { cache, lock }));
  expect(hint).toBe(`The whole log is ${join(cache.logs, 'failing@x86_64.log')}.`);
});
