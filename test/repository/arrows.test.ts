/** ARCHITECTURE.md: who imports whom, and where the names lie that it answers questions with. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');

/** The cells of the table below a heading, without its head. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const inCode = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const mayImport = new Map(
  rowsBelow('Who imports whom').map(([name, imports]) => [inCode(name)[0] ?? '', new Set(inCode(imports))]),
);
/** Folders whose files name each other by path across folders. */
const DEFINITIONS = new Set(['slices', 'profiles', 'boards']);

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly byPath: boolean;
}

/** What the product's own code of a package imports from outside of the package. */
function importsOf(name: string): readonly Import[] {
  const files = globSync(`${name}/**/*.ts`, {
    cwd: ROOT,
    exclude: (path) => /(?:^|\/)(?:node_modules|test|generated|examples)$/.test(path),
  });
  return files.flatMap((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    return [
      ...source.matchAll(/^(?:import|export) (?:[^'`]*? from )?'([^']+)'(?:;| with)|\bimport\('([^']+)'\)/gm),
    ].flatMap(([, still, lazy]): Import[] => {
      const target = still ?? lazy ?? '';
      const [, named] = /^@cocon-os\/([^/]+)/.exec(target) ?? [];
      if (named !== undefined) return [{ file, from: name, to: named, byPath: false }];
      if (!target.startsWith('.')) return [];
      const to = join(file, '..', target).split('/')[0] ?? '';
      return to === name ? [] : [{ file, from: name, to, byPath: true }];
    });
  });
}

test('the table has every package', () => {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const packages = [...workspaces.filter((each) => each !== 'test'), 'profiles', 'boards'];
  expect([...mayImport.keys()].toSorted()).toEqual(packages.toSorted());
});

test.each([...mayImport])('%s imports what its row allows, by name', (name, allowed) => {
  const wrong = importsOf(name).filter(
    ({ to, byPath }) => !allowed.has(to) || (byPath && !(DEFINITIONS.has(name) && DEFINITIONS.has(to))),
  );
  expect(wrong).toEqual([]);
});

test.each([...mayImport])('%s imports all of its row', (name, allowed) => {
  const used = new Set(importsOf(name).map(({ to }) => to));
  expect([...allowed].filter((each) => !used.has(each))).toEqual([]);
});

const questions = rowsBelow('Where is it decided …').map(([question = '', file, name]) => ({
  question,
  file: inCode(file)[0] ?? '',
  name: inCode(name)[0] ?? '',
}));

test('a stranger has ten questions', () => {
  expect(questions.length).toBeGreaterThanOrEqual(10);
});

test.each(questions)('$question $file defines $name', ({ file, name }) => {
  const defines = new RegExp(`(?:function\\*?|const|interface|class|fn|type|readonly) ${name}\\b`);
  expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(defines);
});

test.each(rowsBelow('The chain').flatMap(([, , code]) => inCode(code)))('the chain passes %s', (path) => {
  expect(globSync(path.replace(/\/$/, ''), { cwd: ROOT })).toHaveLength(1);
});
