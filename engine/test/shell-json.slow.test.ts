/** `cocon shell --json`: one object on standard output, and what the shell says beside it. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';
import { scratchDirectory } from './support.ts';

const DEFINE = join(REPOSITORY, 'engine/src/define');
const PROGRAM = [join(REPOSITORY, 'scripts/node'), join(REPOSITORY, 'image-builder/bin/cocon.ts')];

/** What the command says and ends with when somebody types that. */
async function shell(
  typed: string,
  ...options: string[]
): Promise<{ status: unknown; out: string; err: string }> {
  const cwd = await scratchDirectory();
  await mkdir(join(cwd, 'profiles'));
  await writeFile(
    join(cwd, 'profiles/odd.ts'),
    `import { defineProfile } from '${DEFINE}/profile.ts';
import { defineSlice } from '${DEFINE}/slice.ts';
const sample = defineSlice({ name: 'shell-json', version: '1', license: 'MIT', summary: 'For a test', outputs: { runtime: [''] },
  build: () => ({ kind: 'steps', steps: [{ name: 'only', script: 'touch /out/a' }] }) });
export const profile = defineProfile({ name: 'odd', summary: 'For a test', slices: [sample] });
`,
  );
  const child = spawn('bash', [...PROGRAM, 'shell', 'shell-json', '--profile', 'odd', ...options], { cwd });
  child.stdin.end(typed);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await ended, out, err };
}

test.each([
  ['the end of a shell', 'echo said\n', [], 0, { status: 0, resumed: false }],
  ['a shell that fails', 'echo said; exit 3\n', [], 1, { status: 3, resumed: false }],
  ['steps that were run after it', 'echo said\n', ['--resume'], 0, { status: 0, resumed: true }],
])('tells of %s', async (_, typed, options, status, report) => {
  const found = await shell(typed, '--json', ...options);
  expect(found.status).toBe(status);
  expect(JSON.parse(found.out)).toEqual({ node: 'shell-json@x86_64', ...report });
  expect(found.err).toContain('said');
});
