/** What `cocon build`, `cocon graph` and `cocon why` print for programs, and what they say of files that they cannot write. */
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { buildCommand } from '../src/commands/build.ts';
import { graph } from '../src/commands/graph.ts';
import { why } from '../src/commands/why.ts';
import { run, scratchDirectory, unusedSealer } from './support.ts';

const SOURCE = join(import.meta.dirname, '../src');
/** The sample has no budget, so nothing is sealed. */
const build = buildCommand(unusedSealer);
const program = { name: 'cocon', summary: 'for a test', commands: [build, graph, why] };

let cwd = '';

/** A profile `sample` on a board of that name, whose slice `library` is built for the board and for the host. */
beforeEach(async () => {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
  cwd = await scratchDirectory();
  for (const folder of ['profiles', 'boards']) await mkdir(join(cwd, folder));
  await writeFile(
    join(cwd, 'profiles/sample.ts'),
    `import { defineProfile } from '${SOURCE}/define/profile.ts';
import { defineSlice } from '${SOURCE}/define/slice.ts';
const slice = (name, more) => defineSlice({
  name, version: '1', license: 'MIT', summary: 'A slice for a test', outputs: { runtime: [''], dev: [''] },
  build: () => ({ kind: 'entries', entries: [{ type: 'file', path: 'etc/' + name, mode: 0o644, contents: name }] }), ...more,
});
const library = slice('library');
const tool = slice('tool', { runsOn: 'host', needs: [library] });
export const profile = defineProfile({ name: 'sample', summary: 'For a test', slices: [slice('hello', { needs: [library, tool] })] });
`,
  );
  await writeFile(
    join(cwd, 'boards/sample.ts'),
    `import { defineBoard } from '${SOURCE}/define/board.ts';
export const board = defineBoard({ name: 'sample', summary: 'For a test', target: 'aarch64', commandLine: '', kernel: () => [] });
`,
  );
});

const cocon = (...argv: readonly string[]): ReturnType<typeof run> => run(program, cwd, argv);

const drawn = (...more: readonly string[]): ReturnType<typeof cocon> =>
  cocon('graph', 'sample', '--board', 'sample', ...more);
const asked = (...more: readonly string[]): ReturnType<typeof cocon> =>
  cocon('why', ...more, '--profile', 'sample', '--board', 'sample', '--json');

describe('cocon build --json', () => {
  test('says by the words of OCI which architecture the image is for, and by ours which target', async () => {
    const { status, out } = await cocon('build', 'sample', '--board', 'sample', '--json');
    expect([status, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ target: 'aarch64', architecture: 'arm64' }),
    ]);
    const blobs = join(cwd, 'out/sample-sample/blobs/sha256');
    const read = async (digest: string) => JSON.parse(await readFile(join(blobs, digest.slice(7)), 'utf8'));
    const { config } = await read(JSON.parse(out).digest);
    expect(await read(config.digest)).toMatchObject({ architecture: 'arm64' });
  });
});

describe('cocon why --json', () => {
  test('prints one object with an answer for each platform of a slice', async () => {
    const { status, out } = await asked('library');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      nodes: [
        { node: 'library@aarch64', state: 'never built', hits: [{ node: 'hello@aarch64' }] },
        { node: 'library@host', hits: [{ node: 'tool@host' }, { node: 'hello@aarch64' }] },
      ],
    });
  });

  test('prints an object of the same form for one node, and for a slice that there is not', async () => {
    expect(JSON.parse((await asked('library@host')).out).nodes).toHaveLength(1);
    const { status, out } = await asked('nothing');
    expect([status, JSON.parse(out)]).toEqual([
      1,
      { error: expect.objectContaining({ code: 'NAME_UNKNOWN' }) },
    ]);
  });
});

describe('cocon graph --json', () => {
  test('prints the graph as one object', async () => {
    expect(JSON.parse((await drawn('--json')).out)).toMatchObject({ profile: 'sample', board: 'sample' });
    expect((await drawn('--format', 'json', '--json')).out).toBe((await drawn('--json')).out);
  });

  test.each([
    ['json', ['--output', 'tree'], /^\{"profile":"sample",.*\}\n$/],
    ['svg', ['--output', 'tree', '--format', 'svg'], /^<svg [^]*<\/svg>\n$/],
    ['text', ['--output', 'tree', '--format', 'text'], /^sample on sample, /],
  ])('prints one object that says where a file of %s is', async (format, options, contents) => {
    const { status, out } = await drawn(...options, '--json');
    const output = join(cwd, 'tree');
    expect([status, JSON.parse(out)]).toEqual([0, { profile: 'sample', board: 'sample', format, output }]);
    expect(await readFile(output, 'utf8')).toMatch(contents);
  });

  test.each(['svg', 'text'])('is wrong usage for %s without a file', async (format) => {
    const { status, out, err } = await drawn('--format', format, '--json');
    expect([status, JSON.parse(out).error.code]).toEqual([2, 'USAGE']);
    expect(err).toContain('--output');
  });

  test('without --json, a file leaves standard output to others', async () => {
    expect(await drawn('-o', 'tree.svg', '--format', 'svg')).toEqual({ status: 0, out: '', err: '' });
  });
});

describe('cocon graph --output', () => {
  test.each([
    ['in a directory that is not there', 'nowhere/x.svg'],
    ['below a file', 'profiles/sample.ts/x.svg'],
    ['that is a directory', 'profiles'],
    ['that is a link to itself', 'loop'],
    ['whose name is too long', 'x'.repeat(300)],
    ['that the kernel lets nobody write', '/proc/version/x'],
  ])('says which path it is, and the way out, of a file %s', async (_, output) => {
    await symlink('loop', join(cwd, 'loop'));
    const { status, out, err } = await drawn('-o', output, '--json');
    expect([status, JSON.parse(out).error.code]).toEqual([1, 'OUTPUT_FAILED']);
    expect(err).toMatch(/^cocon: Cannot write (.*): E[A-Z]+: .* \[OUTPUT_FAILED\]\nhint: .*\n$/);
    expect(err).toContain(output.startsWith('/') ? output : join(cwd, output));
  });
});

describe('cocon build --output', () => {
  test.each([
    ['below a file', 'profiles/sample.ts/x'],
    ['that is a link to itself', 'loop'],
    ['below a link to itself', 'loop/x'],
    ['whose name is too long', 'x'.repeat(300)],
    ['in which the kernel lets nobody write', '/proc/sys/x'],
  ])('says which path it is, and the way out, of a directory %s', async (_, output) => {
    await symlink('loop', join(cwd, 'loop'));
    const { status, out, err } = await cocon('build', 'sample', '--board', 'sample', '-o', output, '--json');
    expect([status, JSON.parse(out).error.code]).toEqual([1, 'OUTPUT_FAILED']);
    expect(err).toMatch(/^cocon: Cannot write (.*): E[A-Z]+: .* \[OUTPUT_FAILED\]\nhint: .*\n$/m);
    expect(err).toContain(output.startsWith('/') ? output : join(cwd, output));
  });

  test('does not take the place of a file', async () => {
    await writeFile(join(cwd, 'letter'), 'dear\n');
    const { status, out } = await cocon('build', 'sample', '--board', 'sample', '-o', 'letter', '--json');
    expect([status, JSON.parse(out).error.code]).toEqual([1, 'OUTPUT_FAILED']);
    expect(await readFile(join(cwd, 'letter'), 'utf8')).toBe('dear\n');
    expect((await readdir(cwd)).toSorted()).toEqual(['boards', 'letter', 'profiles']);
  });
});
