/** `cocon.config.ts` in a directory outside of this repository, where nothing is installed. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

test('a project whose package.json says nothing of modules is no reason for a warning', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'cocon-elsewhere-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await copyFile(join(REPOSITORY, 'image-builder/examples/minimal.config.ts'), join(cwd, 'cocon.config.ts'));
  await writeFile(join(cwd, 'package.json'), '{}');
  const said = await new Promise<string>((resolve) => {
    execFile(join(REPOSITORY, 'image-builder/bin/cocon'), ['seal'], { cwd }, (_error, _out, err) =>
      resolve(err),
    );
  });
  expect(said).toMatch(/^cocon: Cannot read private key .*\nhint: .*\n$/);
});

test('the types of a configuration and of a board are known there', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'cocon-elsewhere-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const readme = await readFile(join(REPOSITORY, 'image-builder/README.md'), 'utf8');
  const documented = /^\{ "extends": .*$/m.exec(readme)?.[0] ?? '';
  await writeFile(join(cwd, 'tsconfig.json'), documented.replace('<checkout>', REPOSITORY));
  const example = await readFile(join(REPOSITORY, 'image-builder/examples/gateway.config.ts'), 'utf8');
  const board = `import { defineBoard } from '@cocon-os/engine';
import { linux } from '@cocon-os/slices/linux';

export const board = defineBoard({
  name: 'own',
  summary: linux.summary,
  target: 'x86_64',
  commandLine: '',
  kernel: (k) => [k.ETHERNET, k.TIGON3],
});
`;
  const check = async (config: string, own: string): Promise<string> => {
    await writeFile(join(cwd, 'cocon.config.ts'), config);
    await writeFile(join(cwd, 'own.ts'), own);
    const tsc = join(REPOSITORY, 'node_modules/typescript/lib/tsc.js');
    return new Promise((resolve) => {
      execFile(process.execPath, [tsc, '-p', cwd], { cwd }, (_error, out) => resolve(out));
    });
  };
  expect(await check(example, board)).toBe('');
  const faults = await check(example.replace('attempts', 'atempts'), board.replace('TIGON3', 'TIGON33'));
  expect(faults).toContain("'atempts' does not exist");
  expect(faults).toContain("'TIGON33' does not exist on type 'KernelSymbols'. Did you mean 'TIGON3'?");
});
