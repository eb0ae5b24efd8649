import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { nodePlatform } from '../src/node/platform.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cocon-names-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('listDirectory() sorts names', () => {
  for (const name of ['20-b', '10-a', '30-é']) writeFileSync(join(directory, name), '');
  expect(nodePlatform.listDirectory(directory)).toEqual(['10-a', '20-b', '30-é']);
  expect(nodePlatform.listDirectory(join(directory, 'none'))).toBeUndefined();
});

test('listDirectory() refuses a name that could not be opened again', () => {
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/20-caf`), Buffer.of(0xe9)]), '');
  expect(() => nodePlatform.listDirectory(directory)).toThrow(
    expect.objectContaining({
      code: 'FILE_UNREADABLE',
      message: `Cannot read ${directory}: the name 20-caf\u{fffd} in it is not UTF-8`,
      hint: 'Give that file another name.',
    }),
  );
});
