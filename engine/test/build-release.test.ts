/** `cocon build --trusted-key`: a system that accepts the releases that come after it. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, expect, test, vi } from 'vitest';

import { sliceCommands, type Sealer } from '../src/commands/index.ts';
import { readLayer } from '../src/layer/read-layer.ts';
import { run, scratchDirectory } from './support.ts';

const SOURCE = join(import.meta.dirname, '../src');
const sealer: Sealer = {
  key: async () => '',
  measure: async () => 0,
  publicKey: async (path) => `public key of ${path}\n`,
};
const program = { name: 'cocon', summary: 'for a test', commands: sliceCommands(sealer) };

let cwd = '';
const build = (...argv: readonly string[]): ReturnType<typeof run> =>
  run(program, cwd, ['build', 'plain', '--board', 'plain', ...argv]);

/** The files of the image by their paths. */
async function files(): Promise<ReadonlyMap<string, string>> {
  const blobs = join(cwd, 'out/plain-plain/blobs/sha256');
  const found = new Map<string, string>();
  for (const name of await readdir(blobs)) {
    const members = await readLayer(join(blobs, name)).catch(() => []);
    for (const member of members) {
      if (member.what.type === 'file') found.set(member.path, Buffer.from(member.bytes).toString());
    }
  }
  return found;
}

beforeEach(async () => {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
  cwd = await scratchDirectory();
  await mkdir(join(cwd, 'profiles'));
  await mkdir(join(cwd, 'boards'));
  await writeFile(
    join(cwd, 'profiles/plain.ts'),
    `import { defineProfile } from '${SOURCE}/define/profile.ts';
import { defineSlice } from '${SOURCE}/define/slice.ts';
const kernel = defineSlice({ name: 'kernel', version: '1', license: 'MIT', summary: 'For a test', outputs: { runtime: [''] },
  build: () => ({ kind: 'entries', entries: [{ type: 'file', path: 'boot/vmlinuz', mode: 0o644, contents: 'x' }] }) });
export const profile = defineProfile({ name: 'plain', summary: 'For a test', slices: [kernel] });
`,
  );
  await writeFile(
    join(cwd, 'boards/plain.ts'),
    `import { defineBoard } from '${SOURCE}/define/board.ts';
export const board = defineBoard({ name: 'plain', summary: 'For a test', target: 'x86_64', commandLine: '', kernel: () => [] });
`,
  );
});

test('puts the keys and the version into the image', async () => {
  const { status, err } = await build(
    '--trusted-key',
    'a/release.pub',
    '--trusted-key',
    'next.pem',
    '--release-version',
    '3',
  );
  expect({ status, err: err.match(/\[.*\]/)?.[0] }).toEqual({ status: 0, err: undefined });
  const found = await files();
  expect(found.get('etc/cocon/keys/release.pem')).toBe(`public key of ${join(cwd, 'a/release.pub')}\n`);
  expect(found.get('etc/cocon/keys/next.pem')).toBe(`public key of ${join(cwd, 'next.pem')}\n`);
  expect(found.get('etc/os-release')).toContain('VERSION="3"\n');
});

test('an image without them has neither, and two keys of one name are an error', async () => {
  expect((await build()).status).toBe(0);
  expect([...(await files()).keys()]).toEqual(['boot/vmlinuz']);
  const { status, err } = await build('--trusted-key', 'a/x.pub', '--trusted-key', 'b/x.pub');
  expect(status).toBe(2);
  expect(err).toContain('Cannot trust two keys called "x"');
});

test('is refused where there is no image', async () => {
  const { status, err } = await build('--target', 'kernel', '--trusted-key', 'x.pub');
  expect(status).toBe(2);
  expect(err).toContain('Cannot write an image with --trusted-key');
});
