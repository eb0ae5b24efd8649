/** `cocon.config.ts` in a directory outside of this repository, where nothing is installed. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

const REPOSITORY = join(import.meta.dirname, '../..');

test.each(['minimal', 'gateway', 'initrd-only'])(
  'the example %s is read there as it stands',
  async (example) => {
    const cwd = await mkdtemp(join(tmpdir(), 'cocon-elsewhere-'));
    onTestFinished(() => rm(cwd, { recursive: true }));
    await copyFile(
      join(REPOSITORY, `image-builder/examples/${example}.config.ts`),
      join(cwd, 'cocon.config.ts'),
    );
    const program = ['scripts/node', 'image-builder/bin/cocon.ts'].map((path) => join(REPOSITORY, path));
    const printed = await new Promise<string>((resolve) => {
      execFile('bash', [...program, 'seal', '--json'], { cwd }, (_error, out) => resolve(out));
    });
    // The configuration was read and checked: what is missing is the key that it names.
    const { error } = JSON.parse(printed) as { error: { code: string; message: string } };
    expect(error.code).toBe('KEY_NOT_FOUND');
  },
);
