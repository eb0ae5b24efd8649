import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadBoard, loadProfile } from '../src/graph/load.ts';
import { namesOf, outputName } from '../src/graph/names.ts';

let home = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cocon-load-'));
  await mkdir(join(home, 'profiles'));
  await writeFile(join(home, 'profiles/own.ts'), "export const profile = { name: 'own' };\n");
  await writeFile(join(home, 'profiles/nothing.ts'), 'export const profile = null;\n');
  await writeFile(join(home, 'profiles/empty.ts'), 'export {};\n');
  await writeFile(join(home, 'profiles/notes.md'), 'not a profile\n');
  await writeFile(join(home, 'profiles/copy.ts'), "export const profile = { name: 'own' };\n");
  await writeFile(join(home, 'profiles/moved.ts'), "export const profile = { name: 'gone' };\n");
  await writeFile(join(home, 'profiles/broken.ts'), "throw new TypeError('no such thing');\n");
  await writeFile(
    join(home, 'profiles/self.ts'),
    'const of = (all: unknown) => all;\nconst a = of({\n  needs: [a] });\nexport const profile = a;\n',
  );
  await writeFile(join(home, 'profiles/My_OS.ts'), "export const profile = { name: 'My_OS' };\n");
  await mkdir(join(home, 'boards'));
  await writeFile(join(home, 'boards/bench.ts'), "export const board = { name: 'bench' };\n");
  await writeFile(join(home, 'boards/twin.ts'), "export const board = { name: 'bench' };\n");
});

afterAll(async () => rm(home, { recursive: true }));

test('loadProfile() takes the one beside the caller', async () => {
  await expect(loadProfile('own', home)).resolves.toEqual({ name: 'own' });
});

test('namesOf() lists files that can be profiles', async () => {
  const names = await namesOf('profile', home);
  expect(names).toContain('own');
  expect(names).not.toContain('notes');
});

test('loadProfile() names what there is when it finds none, and what is missing in a file', async () => {
  await expect(loadProfile('../own', home)).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
    hint: expect.stringContaining('own') as unknown,
  });
  await expect(loadProfile('empty', home)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  await expect(loadProfile('nothing', home)).rejects.toMatchObject({
    code: 'SLICE_INVALID',
    message: `Cannot use ${join(home, 'profiles/nothing.ts')}: its "profile" is null`,
  });
});

test("loadProfile() and loadBoard() refuse a name that is not the file's, and name both files of two of one name", async () => {
  await expect(loadProfile('copy', home)).rejects.toMatchObject({
    code: 'SLICE_INVALID',
    message: `Cannot use ${join(home, 'profiles/copy.ts')}: it calls its profile "own", as ${join(home, 'profiles/own.ts')} does`,
    hint: expect.stringContaining('Call it "copy"') as unknown,
  });
  await expect(loadBoard('twin', home)).rejects.toMatchObject({
    code: 'SLICE_INVALID',
    message: `Cannot use ${join(home, 'boards/twin.ts')}: it calls its board "bench", as ${join(home, 'boards/bench.ts')} does`,
  });
  await expect(loadProfile('moved', home)).rejects.toMatchObject({
    message: `Cannot use ${join(home, 'profiles/moved.ts')}: it calls its profile "gone"`,
  });
});

test('loadProfile() names the file that cannot be loaded, or whose name is none', async () => {
  await expect(loadProfile('broken', home)).rejects.toMatchObject({
    code: 'SLICE_INVALID',
    message: `Cannot load ${join(home, 'profiles/broken.ts')}: no such thing at ${join(home, 'profiles/broken.ts')}:1`,
  });
  await expect(loadProfile('self', home)).rejects.toMatchObject({
    message: expect.stringMatching(/: Cannot access 'a' before initialization at .+self\.ts:3$/) as unknown,
  });
  await expect(loadProfile('My_OS', home)).rejects.toMatchObject({
    code: 'SLICE_INVALID',
    message: expect.stringContaining('other characters than a-z 0-9 . -') as unknown,
  });
});

test.each([
  ['profile', 'embeded', 'Did you mean embedded? There is broken, cloud, copy, '],
  ['profile', 'profiles/embedded.ts', 'Did you mean embedded?'],
  ['profile', 'profiles/tiny.ts', 'a new one is a file profiles/tiny.ts that exports "profile"'],
  ['profile', '', 'a new one is a file profiles/<name>.ts that'],
  ['board', 'My Board', 'a new one is a file boards/<name>.ts that'],
  ['profile', 'pc', '"pc" is a board: cocon build --board pc.'],
  ['profile', 'busybox', '"busybox" is a slice: cocon build --target busybox.'],
  ['board', 'virt-aarch46', 'Did you mean virt-aarch64? There is bench, '],
  ['board', 'embedded', '"embedded" is a profile: cocon build embedded.'],
])('an unknown %s "%s" is answered "%s"', async (kind, name, hint) => {
  const load = kind === 'profile' ? loadProfile : loadBoard;
  await expect(load(name, home)).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
    hint: expect.stringContaining(hint) as unknown,
  });
});

test('outputName() is the same for no two', async () => {
  await expect(outputName('own', 'bench', home)).resolves.toBe('own-bench');
  const two = await mkdtemp(join(tmpdir(), 'cocon-load-'));
  try {
    for (const file of ['profiles/a.ts', 'profiles/a-b.ts', 'boards/c.ts', 'boards/b-c.ts']) {
      await mkdir(join(two, file, '..'), { recursive: true });
      await writeFile(join(two, file), '');
    }
    await expect(outputName('a', 'c', two)).resolves.toBe('a-c');
    await expect(outputName('a', 'b-c', two)).rejects.toMatchObject({
      code: 'OUTPUT_OCCUPIED',
      message:
        'Cannot name the image of profile a on board b-c: out/a-b-c is that of profile a-b on board c too',
    });
  } finally {
    await rm(two, { recursive: true });
  }
});

test('loadBoard() looks into the folder boards', async () => {
  await expect(loadBoard('own', home)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
});
