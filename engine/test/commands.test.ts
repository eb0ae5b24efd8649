/** The commands over a tree of their own: a profile and a board beside the caller, slices that are assembled from files. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { sliceCommands, type Sealer } from '../src/commands/index.ts';
import { draftOf } from '../src/drafts.ts';
import { run, scratchDirectory } from './support.ts';

const SOURCE = join(import.meta.dirname, '../src');

let cwd = '';
/** What the images of a test come to when they are sealed, how often that was asked, and what else decides it. */
let sealed = { bytes: 0, measured: 0, key: '' };
const sealer: Sealer = {
  key: async () => sealed.key,
  publicKey: async () => '',
  async measure({ layoutDirectory, architecture }) {
    expect(await readdir(layoutDirectory)).toContain('index.json');
    expect(architecture).toBe('riscv64');
    sealed.measured += 1;
    return sealed.bytes;
  },
};
const program = { name: 'cocon', summary: 'for a test', commands: sliceCommands(sealer) };

/** A tree whose slice `hello` has that text and that budget; `need` is one more that it is built with, `rest` the profile's. */
async function tree(text: string, budget: string, need = '', rest = ''): Promise<void> {
  // Modules are cached by their names: each tree has names of its own.
  cwd = await scratchDirectory();
  await mkdir(join(cwd, 'profiles'));
  await mkdir(join(cwd, 'boards'));
  await writeFile(
    join(cwd, 'profiles/sample.ts'),
    `import { defineProfile } from '${SOURCE}/define/profile.ts';
import { defineSlice } from '${SOURCE}/define/slice.ts';
const file = (path, contents) => ({ type: 'file', path, mode: 0o644, contents });
const slice = (name, contents, more) => defineSlice({
  name, version: '1', license: 'MIT', summary: 'A slice for a test', outputs: { runtime: [''], dev: [''] },
  build: () => ({ kind: 'entries', entries: [file('etc/' + name, contents)] }), ...more,
});
const kernel = slice('kernel', 'kernel');
const hello = slice('hello', '${text}', { needs: [kernel, ${need}], budget: { size: '${budget}' } });
export const profile = defineProfile({ name: 'sample', summary: 'For a test', slices: [kernel, hello, slice('world', 'w')], ${rest} });
`,
  );
  await writeFile(
    join(cwd, 'boards/sample.ts'),
    `import { defineBoard } from '${SOURCE}/define/board.ts';
export const board = defineBoard({ name: 'sample', summary: 'For a test', target: 'riscv64', commandLine: 'console=ttyS0', kernel: () => [] });
`,
  );
}

const cocon = (...argv: readonly string[]): ReturnType<typeof run> => run(program, cwd, argv);

const SAMPLE = ['--profile', 'sample', '--board', 'sample'];

beforeEach(async () => {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
  sealed = { bytes: 0, measured: 0, key: '' };
  await tree('hello', '1 KiB');
});

describe('cocon build', () => {
  test('writes an OCI layout with the kernel below, and finds everything the next time', async () => {
    const first = await cocon('build', 'sample', '--board', 'sample', '--json');
    expect(first.status).toBe(0);
    const report = JSON.parse(first.out);
    expect(report).toMatchObject({ layers: 3, layoutDirectory: join(cwd, 'out/sample-sample') });
    const blobs = join(cwd, 'out/sample-sample/blobs/sha256');
    const manifest = JSON.parse(await readFile(join(blobs, report.digest.slice(7)), 'utf8'));
    const config = JSON.parse(await readFile(join(blobs, manifest.config.digest.slice(7)), 'utf8'));
    expect(config).toMatchObject({ architecture: 'riscv64', os: 'linux' });
    expect(config.history.map((each: { created_by: string }) => each.created_by)).toEqual([
      'kernel 1',
      'hello 1',
      'world 1',
    ]);
    const again = await cocon('build', 'sample', '--board', 'sample');
    expect(again).toMatchObject({ status: 0, err: '' });
    expect(again.out).toContain('0 of 3 built, the rest was there');
    expect(again.out).toContain(`out/sample-sample ${report.digest}`);
  });

  test('takes the profile as an argument or as an option, as the others do, but not two', async () => {
    const target = ['--board', 'sample', '--target', 'kernel'];
    expect((await cocon('build', '-p', 'sample', ...target)).status).toBe(0);
    expect((await cocon('build', 'sample', '--profile', 'sample', ...target)).status).toBe(0);
    const both = await cocon('build', 'sample', '-p', 'other', ...target);
    expect(both.status).toBe(2);
    expect(both.err).toContain('Cannot choose a profile: both "sample" and "other" are named');
    for (const command of ['synth', 'graph']) {
      expect((await cocon(command, '-p', 'sample', '--board', 'sample')).status).toBe(0);
    }
  });

  test('builds one target without an image', async () => {
    const { out, status } = await cocon('build', 'sample', '--board', 'sample', '--target', 'hello');
    expect(status).toBe(0);
    expect(out.match(/^\S+/gm)).toEqual([
      'kernel@riscv64',
      'kernel@riscv64',
      'hello@riscv64',
      'hello@riscv64',
    ]);
    expect(await readdir(cwd)).not.toContain('out');
  });

  test('builds a target also where the name of the image would be that of another', async () => {
    for (const [kind, name] of [
      ['profiles', 'sample-a'],
      ['boards', 'a-sample'],
    ] as const) {
      const text = await readFile(join(cwd, kind, 'sample.ts'), 'utf8');
      await writeFile(join(cwd, kind, `${name}.ts`), text.replace("name: 'sample'", `name: '${name}'`));
    }
    const build = ['build', 'sample', '--board', 'a-sample'];
    expect((await cocon(...build)).err).toContain('[OUTPUT_OCCUPIED]');
    expect((await cocon(...build, '--target', 'hello')).status).toBe(0);
  });

  test('fails when a slice has outgrown its budget, and says what grew', async () => {
    await cocon('build', 'sample', '--board', 'sample');
    await tree('x'.repeat(2000), '1 KiB');
    const { status, err } = await cocon('build', 'sample', '--board', 'sample');
    expect(status).toBe(1);
    expect(err).toContain(
      'hello@riscv64 has 2.0 KiB, 976 B over its budget of 1 KiB; since the last build: +1.9 KiB',
    );
    expect(err).toContain('  etc/hello +1.9 KiB');
    expect(err).toContain('[BUDGET_EXCEEDED]');
  });

  test('holds what it builds for --target to its budget too, and notes what kept it', async () => {
    const target = ['build', 'sample', '--board', 'sample', '--target', 'hello'];
    expect((await cocon(...target)).status).toBe(0);
    await tree('x'.repeat(2000), '1 KiB');
    const { status, out, err } = await cocon(...target);
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain(
      'hello@riscv64 has 2.0 KiB, 976 B over its budget of 1 KiB; since the last build: +1.9 KiB',
    );
    expect(err).toContain('  etc/hello +1.9 KiB');
    // Of what it does not build it says nothing.
    expect((await cocon('build', 'sample', '--board', 'sample', '--target', 'world')).status).toBe(0);
  });

  test('holds a slice to its budget that is only there for others to be built with', async () => {
    await tree('hello', '1 KiB', "slice('library', 'l'.repeat(99), { budget: { size: '98 B' } })");
    const { status, err } = await cocon('build', 'sample', '--board', 'sample');
    expect(status).toBe(1);
    expect(err).toContain('library@riscv64 has 99 B, 1 B over its budget of 98 B');
  });

  test('holds the whole as it is sealed to the budget of its profile, and says which slices grew', async () => {
    const argv = ['build', 'sample', '--board', 'sample', '--output', await scratchDirectory()];
    const image = async () => await readFile(join(argv[5] ?? '', 'index.json'), 'utf8').catch(() => '');
    const budget = `budget: { size: '2 KiB' }`;
    await tree('hello', '9 KiB', '', budget);
    sealed.bytes = 2048;
    expect((await cocon(...argv)).out).toContain('\n2 KiB sealed, of 2 KiB\n');
    const kept = await image();
    expect(kept).toContain('sha256:');

    // What is over takes no image's place, and is not what the next is compared with.
    await tree('hello'.repeat(2), '9 KiB', '', budget);
    sealed.bytes = 2148;
    for (let turn = 0; turn < 2; turn += 1) {
      const { status, out, err } = await cocon(...argv);
      expect([status, out, await image()]).toEqual([1, '', kept]);
      expect(err).toContain(
        'cocon: Cannot accept sample on sample: 2.1 KiB sealed, 100 B over the budget of 2 KiB\n' +
          'since 2 KiB were sealed, which kept it, there grew (before compression):\n' +
          '  hello@riscv64: 5 B, now 10 B (+5 B) [BUDGET_EXCEEDED]\n',
      );
    }
  });

  test('seals only what can have another size than the last time', async () => {
    await tree('hello', '9 KiB', '', `budget: { size: '2 KiB' }`);
    const argv = ['build', 'sample', '--board', 'sample', '--json'];
    for (const [key, measured] of [
      ['a', 1],
      ['a', 1],
      ['b', 2],
    ] as const) {
      sealed = { ...sealed, key, bytes: 1000 };
      expect(JSON.parse((await cocon(...argv)).out)).toMatchObject({ sealedBytes: 1000 });
      expect(sealed.measured).toBe(measured);
    }
  });

  test('names what there is when a profile, a board or a slice is not', async () => {
    for (const argv of [
      ['nothing'],
      ['sample', '--board', 'nothing'],
      ['sample', '--board', 'sample', '-t', 'nothing'],
    ]) {
      const { status, err } = await cocon('build', ...argv);
      expect(status).toBe(1);
      expect(err).toContain('[NAME_UNKNOWN]');
      expect(err).toMatch(/hint: There (is|are) .*(sample|hello)/);
    }
    const near = await cocon('build', 'sample', '--board', 'sample', '-t', 'helo');
    expect(near.err).toContain('hint: Did you mean hello? There are kernel@riscv64, hello@riscv64');
    expect((await cocon('build', 'sample', '--jobs', '0')).status).toBe(2);
  });
});

describe('cocon synth', () => {
  test('prints the same JSON each time', async () => {
    const { out } = await cocon('synth', 'sample', '--board', 'sample');
    expect(JSON.parse(out)).toMatchObject({ format: 'cocon.graph/1', profile: 'sample', target: 'riscv64' });
    expect((await cocon('synth', 'sample', '--board', 'sample')).out).toBe(out);
  });
});

describe('cocon why', () => {
  test('names the change and who is hit', async () => {
    await cocon('build', 'sample', '--board', 'sample');
    await tree('changed', '1 KiB');
    const { out } = await cocon('why', 'hello', ...SAMPLE);
    expect(out).toContain('recipe.entries[etc/hello].contents: hello -> changed');
    const json = JSON.parse((await cocon('why', 'kernel', ...SAMPLE, '--json')).out);
    expect(json).toMatchObject({ nodes: [{ state: 'up to date', hits: [{ node: 'hello@riscv64' }] }] });
  });
});

describe('cocon graph', () => {
  test('draws text, SVG and JSON, and nothing else', async () => {
    await cocon('build', 'sample', '--board', 'sample', '-t', 'kernel');
    const tail = ['sample', '--board', 'sample'];
    expect((await cocon('graph', ...tail)).out).toContain('hello@riscv64  1  to be built');
    await cocon('graph', ...tail, '--format', 'svg', '-o', 'tree.svg');
    expect(await readFile(join(cwd, 'tree.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(JSON.parse((await cocon('graph', ...tail, '--json')).out).nodes).toHaveLength(3);
    expect((await cocon('graph', ...tail, '--format', 'png')).status).toBe(2);
  });
});

describe('cocon verify and cocon store', () => {
  test('read layers again, and find the one that was changed', async () => {
    await cocon('build', 'sample', '--board', 'sample');
    expect((await cocon('verify', ...SAMPLE)).status).toBe(0);
    expect((await cocon('verify', '--rebuild', 'hello', ...SAMPLE)).out).toMatch(
      /^hello@riscv64 runtime: the same, sha256:\w+\nhello@riscv64 dev: the same/,
    );
    expect((await cocon('store', 'fsck')).out).toMatch(/ blobs of .* and 3 builds: all are whole\n$/);
    const blobs = join(process.env['COCON_CACHE'] ?? '', 'store/blobs/sha256');
    const [name = ''] = await readdir(blobs);
    await writeFile(join(blobs, name), Buffer.alloc((await readFile(join(blobs, name))).length));
    const fsck = await cocon('store', 'fsck');
    expect([fsck.status, fsck.out]).toEqual([1, expect.stringContaining('blob damaged: ')]);
    expect((await cocon('store', 'fsck', '--repair')).status).toBe(0);
    await cocon('build', 'sample', '--board', 'sample');
    expect((await cocon('store', 'fsck')).status).toBe(0);
  });

  test('fsck counts what a killed build left apart from what is damaged', async () => {
    await cocon('build', 'sample', '--board', 'sample', '-t', 'kernel');
    const work = join(process.env['COCON_CACHE'] ?? '', 'work');
    const draft = await draftOf(join(work, 'hello'));
    const left = draft.replace(/draft-\d+/, 'draft-99999999');
    await mkdir(left, { recursive: true });
    const fsck = await cocon('store', 'fsck');
    expect(fsck).toMatchObject({
      status: 0,
      out: expect.stringContaining(`left over: ${left}: `) as unknown,
    });
    expect(fsck.out).toMatch(/ and 1 build: all are whole; 1 left over from a build that was ended\n$/);
    const blobs = join(work, '../store/blobs/sha256');
    const [name = ''] = await readdir(blobs);
    await writeFile(join(blobs, name), '');
    const repair = await cocon('store', 'fsck', '--repair');
    expect(repair.out).toMatch(/ problems?, removed; 1 left over from a build that was ended, removed\n$/);
    expect(await readdir(work)).toEqual([]);
  });

  test('gc keeps what the profiles reach', async () => {
    await cocon('build', 'sample', '--board', 'sample');
    await tree('changed', '1 KiB');
    await cocon('build', 'sample', '--board', 'sample');
    const keep = ['--profile', 'sample', '--board', 'sample'];
    const dry = await cocon('store', 'gc', '--dry-run', ...keep);
    expect(dry.out).toMatch(/would be removed; 3 builds kept\n$/);
    const { out } = await cocon('store', 'gc', ...keep);
    expect(out).toMatch(/ removed; 3 builds kept\n$/);
    expect((await cocon('build', 'sample', '--board', 'sample')).out).toContain('0 of 3 built');
    expect((await cocon('store', 'tidy')).status).toBe(2);
  });

  test('gc keeps all when a board cannot be loaded, for its processor is not known', async () => {
    await cocon('build', 'sample', '--board', 'sample');
    await writeFile(join(cwd, 'boards/broken.ts'), 'export const board = ;\n');
    const { status, err, out } = await cocon('store', 'gc', '--profile', 'sample', '--board', 'broken');
    expect(err).toContain('all builds are kept, for the board broken is not known: Cannot load ');
    expect(out).toMatch(/3 builds kept\n$/);
    expect(status).toBe(0);
    expect((await cocon('store', 'gc', '--profile', 'sample', '--board', 'none')).status).toBe(1);
  });
});
