/** docs/glossary.md: terms in order, one line each, with names that the code has. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

const rows = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => {
    const [term = '', , typescript = '', rust = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return { term, typescript, rust };
  });

/** All code in a language, without tests. */
const codeOf = (patterns: string): string =>
  globSync(patterns, {
    cwd: ROOT,
    exclude: (path) => /(?:^|\/)(?:node_modules|target|generated)$/.test(path),
  })
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n');
const typescript = codeOf('{cli,sdfs,updater,engine,image-builder,test/prove}/{src,.}/**/*.ts');
const rust = codeOf('bootloader/*/{src,.}/**/*.{rs,toml}');

const namesIn = (cells: readonly string[]): readonly string[] =>
  cells.flatMap((cell) => cell.replaceAll(/[`']/g, '').split(/\.|::/).at(-1) || []);

test('terms are sorted, and each has one line', () => {
  const terms = rows.map(({ term }) => term.toLowerCase());
  expect(terms.length).toBeGreaterThan(25);
  expect(terms).toEqual([...new Set(terms)].toSorted());
});

test('the code has the names', () => {
  const missing = (code: string, names: readonly string[]): readonly string[] =>
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
  expect(missing(typescript, namesIn(rows.map((row) => row.typescript)))).toEqual([]);
  expect(missing(rust, namesIn(rows.map((row) => row.rust)))).toEqual([]);
});
