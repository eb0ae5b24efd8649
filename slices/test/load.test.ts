import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadBoard, loadProfile, namesOf } from '../src/graph/load.ts';

let home = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cocon-load-'));
  await mkdir(join(home, 'profiles'));
  await writeFile(join(home, 'profiles/own.ts'), "export const profile = { name: 'own' };\n");
  await writeFile(join(home, 'profiles/empty.ts'), 'export {};\n');
  await writeFile(join(home, 'profiles/notes.md'), 'not a profile\n');
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
});

test('loadBoard() looks into the folder boards', async () => {
  await expect(loadBoard('own', home)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
});
