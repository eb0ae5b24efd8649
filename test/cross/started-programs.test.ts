/** Programs are started in one place, and the table of cli/DESIGN.md names all who ask for it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { KEPT } from '@cocon-os/cli/host-program';
import { expect, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

/** Who has the modules that start programs: host-program.ts, and who opens QEMU's terminal. The stages of scripts are no product. */
const STARTERS = ['cli/src/host-program.ts', 'qemu/src/start-machine.ts'];
/** Ways to {@link STARTERS} of a package; whoever calls them has to be in the table. */
const WAYS = ['image-builder/src/run-tool.ts', 'engine/src/run-process.ts'];

const files = globSync(
  [
    '{cli,engine,image-builder,qemu,sdfs,updater}/{src,bin}/**/*.ts',
    'slices/*/*.ts',
    '{boards,profiles}/**/*.ts',
  ],
  { cwd: ROOT },
).filter((name) => !/\/(?:test|generated)\//.test(name));
const sources = new Map(files.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));
const naming = (pattern: RegExp): readonly string[] =>
  files.filter((name) => pattern.test(sources.get(name) ?? '')).toSorted();

const design = readFileSync(join(ROOT, 'cli/DESIGN.md'), 'utf8');
const section = design.slice(design.indexOf('## Programs that are started'));

/** The rows of the table with modules: the module, and what it is let to know. */
const rows = new Map(
  [...section.matchAll(/^\|[^|\n]+\|((?: ?`[^`|]+\.ts`,?)+) \|([^|\n]*)\|/gm)].flatMap(
    ([, modules = '', needs = '']) => words(modules).map((module) => [module, words(needs)] as const),
  ),
);

function words(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

test('nothing but host-program.ts and the terminal of QEMU can start a program', () => {
  // Types are no programs, and what definitions are refused is named by a pattern.
  expect(naming(/^import (?!type)[^;]*from '(?:node:)?(?:child_process|node-pty|cluster)'/m)).toEqual(
    STARTERS,
  );
  expect(naming(/(?:require|import)\(\s*['"](?:node:)?(?:child_process|node-pty|cluster)/)).toEqual([]);
});

test('the table names every module that starts programs, and no other', () => {
  const callers = naming(/\b(?:startProgram|runProgramNow|runTool|runProcess)\(|from 'node-pty'/);
  expect([...rows.keys()].toSorted()).toEqual(
    callers.filter((name) => name !== 'cli/src/host-program.ts' && !WAYS.includes(name)),
  );
});

test('the table says what each may know of the person', () => {
  for (const [module, needs] of rows) {
    const source = sources.get(module) ?? '';
    const lists = [...source.matchAll(/(?:needs: |programEnvironment\([^)]*?, )\[([^\]]*)\]/g)];
    const asked = lists.flatMap(([, list = '']) =>
      [...list.matchAll(/'(\w+)'/g)].map(([, need = '']) => need),
    );
    expect({ module, needs: asked }).toEqual({ module, needs });
  }
  const [table = ''] = section.slice(section.indexOf('| need |')).split('\n\n');
  expect([...table.matchAll(/^\| `(\w+)` \| /gm)].map(([, need]) => need)).toEqual(Object.keys(KEPT));
});

test('nobody hands the environment of the person on', () => {
  expect(naming(/\.\.\.process\.env\b|env: process\.env\b/)).toEqual([]);
});

test('the loader is built in the same environment', () => {
  const script = readFileSync(join(ROOT, 'scripts/build-loader'), 'utf8');
  const kept = /^kept='([^']*)'$/m.exec(script)?.[1]?.split(' ');
  expect(kept).toEqual([...new Set(['TMPDIR', ...KEPT.network, ...KEPT.cargo])]);
});
