/** Definitions that end what runs them, as the whole program runs it. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { scratchDirectory } from './support/scratch.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

const place = scratchDirectory();

/** What `cocon synth --json` says of a profile that begins with `first`. */
async function synth(first: string): Promise<{ status: unknown; out: string; err: string }> {
  const cwd = place('project');
  await mkdir(join(cwd, 'profiles'), { recursive: true });
  await writeFile(
    join(cwd, 'profiles/broken.ts'),
    `import { defineProfile } from '${REPOSITORY}/engine/src/define/profile.ts';
import { baseFiles } from '${REPOSITORY}/slices/base-files/slice.ts';
${first}
export const profile = defineProfile({ name: 'broken', summary: 'For a test', slices: [baseFiles] });
`,
  );
  const program = [join(REPOSITORY, 'scripts/node'), join(REPOSITORY, 'image-builder/bin/cocon.ts')];
  return await new Promise((resolve) => {
    execFile('bash', [...program, 'synth', 'broken', '--json'], { cwd }, (error, out, err) =>
      resolve({ status: error?.code ?? 0, out, err }),
    );
  });
}

test.each([
  ['awaits what never comes', 'await new Promise(() => {});', 'STOPPED', 'Cannot go on: '],
  ['leaves a rejection alone', "void Promise.reject(new Error('left alone'));", 'INTERNAL', 'left alone'],
  ['rejects without an error', 'void Promise.reject(Object.create(null));', 'INTERNAL', 'an object without'],
  ['throws later', "queueMicrotask(() => { throw new Error('late'); });", 'INTERNAL', 'late'],
  ['throws what has no text', 'throw Object.create(null);', 'SLICE_INVALID', 'Cannot load '],
])('cocon --json prints one object of a definition that %s', async (_, first, code, message) => {
  const { status, out, err } = await synth(first);
  expect(JSON.parse(out)).toMatchObject({
    error: { code, message: expect.stringContaining(message) as unknown },
  });
  expect(status).toBe(1);
  expect(err).toMatch(new RegExp(`^cocon: .*\\[${code}\\]\\n`));
  expect(err).not.toContain('Warning: ');
});
