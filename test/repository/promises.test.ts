/** docs/promises.md names tests and commands that there are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

const DOCS = join(ROOT, 'docs');
const text = readFileSync(join(DOCS, 'promises.md'), 'utf8');
/** Rows of the tables: promise, tests, commands. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promise'))
  .map((line) => line.split('|').slice(1, -1));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

test('each promise is a row of three', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row).toHaveLength(3);
});

test.each(rows)('the tests and commands are there for: %s', (_promise, tests = '', commands = '') => {
  const paths = [...tests.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) {
    expect({ path, exists: existsSync(join(DOCS, path)) }).toEqual({ path, exists: true });
    expect(path).toMatch(/\.test\.ts$|\/tests\/\w+\.rs$/);
  }
  const named = [...commands.matchAll(/`npm (?:run )?(\w+)(?: -- ([^`]+))?`/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, name = '', options = ''] of named) {
    expect(Object.keys(scripts)).toContain(name);
    if (options === '') continue;
    // The words of a command line are told by the program's help.
    const program = readFileSync(join(ROOT, `test/${name}/${name}.ts`), 'utf8');
    for (const word of options.split(' ')) expect(program).toContain(word);
  }
});
