/** What a definition prints, as the whole program runs it. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { scratchDirectory } from './support/scratch.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

const place = scratchDirectory();

test('cocon --json prints one object, whatever a definition says on the console', async () => {
  const cwd = place('project');
  await mkdir(join(cwd, 'profiles'), { recursive: true });
  await writeFile(
    join(cwd, 'profiles/talking.ts'),
    `import { defineProfile } from '${REPOSITORY}/engine/src/define/profile.ts';
import { baseFiles } from '${REPOSITORY}/slices/base-files/slice.ts';
console.log('while it is loaded');
export const profile = defineProfile({ name: 'talking', summary: 'For a test', slices: [baseFiles] });
`,
  );
  const program = [join(REPOSITORY, 'scripts/node'), join(REPOSITORY, 'image-builder/bin/cocon.ts')];
  const { stdout, stderr } = await promisify(execFile)('bash', [...program, 'synth', 'talking', '--json'], {
    cwd,
  });
  expect(JSON.parse(stdout)).toMatchObject({ profile: 'talking' });
  expect(stderr).toBe('while it is loaded\n');
});
