/** A symbol that the kernel does not have is told before anything is built, with the names that are near. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'cocon-symbols-'));
  await mkdir(join(project, 'boards'));
  await mkdir(join(project, 'profiles'));
});
afterAll(() => rm(project, { recursive: true }));

/** A board that asks for `kernel`, as it stands in TypeScript. */
async function board(target: string, kernel: string): Promise<void> {
  const text = `import { defineBoard } from '@cocon-os/engine';

export const board = defineBoard({
  name: 'own',
  summary: 'One of our own',
  target: '${target}',
  commandLine: '',
  kernel: (k) => [${kernel}],
});
`;
  await writeFile(join(project, 'boards/own.ts'), text);
}

async function cocon(...args: readonly string[]): Promise<{ status: unknown; error: unknown }> {
  const program = join(REPOSITORY, 'image-builder/bin/cocon');
  return new Promise((resolve) => {
    execFile(program, [...args, '--json'], { cwd: project, maxBuffer: 2 ** 24 }, (failed, out) => {
      const { error } = JSON.parse(out) as { error?: unknown };
      resolve({ status: failed?.code ?? 0, error });
    });
  });
}

test.each([
  [['synth'], 'x86_64', 'k.TIGON33', 'it has no symbol TIGON33, which board own asks for', 'TIGON3'],
  [['build', '--target', 'musl'], 'x86_64', 'k.TIGON33', 'TIGON33, which board own asks for', 'TIGON3'],
  [['graph'], 'x86_64', 'k.EROFS_fs', 'EROFS_fs, which board own asks for', 'EROFS_FS'],
  // It would be off in any kernel, and nobody would notice.
  [['synth'], 'x86_64', 'k.MODULSE.off()', 'MODULSE, which board own asks for', 'MODULES'],
  [
    ['synth'],
    'x86_64',
    'k.TIGON33, k.MODULSE',
    'MODULSE, which board own asks for; nor TIGON33',
    'MODULES or TIGON3',
  ],
  [['synth'], 'aarch64', 'k.X86_X2APIC', 'X86_X2APIC for aarch64, which board own asks for', undefined],
])('cocon %j on %s: %s', async (command, target, kernel, text, near) => {
  await board(target, kernel);
  const { status, error } = await cocon(...command, '--board', 'own');
  expect(status).toBe(1);
  expect(error).toMatchObject({
    code: 'NAME_UNKNOWN',
    message: expect.stringContaining(text) as string,
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
});

test('a symbol of another processor may be asked to be off', async () => {
  await board('aarch64', 'k.X86_X2APIC.off()');
  expect(await cocon('synth', '--board', 'own')).toEqual({ status: 0, error: undefined });
});

test('a symbol that a slice looks at has to be one, too', async () => {
  const text = `import { defineProfile, defineSlice } from '@cocon-os/engine';
import { linux } from '@cocon-os/slices/linux';

const looking = defineSlice({
  name: 'looking',
  version: '1',
  license: 'MIT',
  summary: 'Looks',
  build: ({ kernel }) => ({
    kind: 'entries',
    entries: [{ type: 'file', path: 'etc/x', mode: 0o644, contents: String(kernel.has('EROFS_FSS')) }],
  }),
  outputs: { runtime: [''] },
});

export const profile = defineProfile({ name: 'own', summary: 'One of our own', slices: [linux, looking] });
`;
  await writeFile(join(project, 'profiles/own.ts'), text);
  expect(await cocon('synth', 'own')).toMatchObject({
    status: 1,
    error: { message: expect.stringContaining('EROFS_FSS, which looking asks for') as string },
  });
});
