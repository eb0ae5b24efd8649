/** The names in a definition that become paths: which are taken, and what is said of the others. */
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import type { Recipe } from '../src/define/recipe.ts';
import { defineSlice, type SliceDefinition } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import { codeOf, errorOf } from './support.ts';

const summary = 'For a test';
const board = defineBoard({ name: 'bench', summary, target: 'x86_64', kernel: () => [], commandLine: '' });

async function evaluated(recipe: Recipe, more: Partial<SliceDefinition> = {}): Promise<Graph> {
  const slice = defineSlice<SliceDefinition['options'] & object>({
    name: 'sample',
    version: '1',
    license: 'MIT',
    summary,
    build: () => recipe,
    outputs: { runtime: [''] },
    ...more,
  });
  return await evaluate({ profile: defineProfile({ name: 'test', summary, slices: [slice] }), board });
}

const steps = [{ name: 'compile', script: 'true' }];
const inputsOf = (name: string): Recipe => ({ kind: 'steps', steps, inputs: { [name]: 'text' } });
const entryAt = (path: string): Recipe => ({
  kind: 'entries',
  entries: [{ type: 'file', path, mode: 0o644, contents: '' }],
});
const linkTo = (target: string): Recipe => ({
  kind: 'entries',
  entries: [{ type: 'symlink', path: 'link', target }],
});

/** Names that are no name of a file, and what is said of them. */
const ODD = [
  ['', 'it is empty'],
  ['.', 'it is a directory itself'],
  ['..', 'it is a directory itself'],
  ['a\0b', 'it has a control character'],
  ['a\nb', 'it has a control character'],
  ['-rf', 'it begins with a dash'],
  ['\uD800', 'it is no Unicode text'],
  ['ä'.repeat(128), 'it has more than 255 bytes'],
] as const;

/** What only a path may hold. */
const SLASHED = ['../etc/passwd', '/etc/passwd', 'a/b', 'a/../../b', 'a/'];
const PATHS_OUT = ['../x', '/etc/passwd', 'a/../../b', 'a//b', 'a/', './a', 'a/.'];

describe('a definition with a name that is none', () => {
  test.each([...ODD, ...SLASHED.map((name) => [name, 'it has a slash'] as const)])(
    'is refused with slice, field and file, for an input called %j: %s',
    async (name, why) => {
      const { code, message, hint, facts } = await errorOf(evaluated(inputsOf(name)));
      expect(code).toBe('SLICE_INVALID');
      expect(message).toContain(
        `Cannot use slice "sample": build.inputs: ${JSON.stringify(name)} names no file: ${why} (`,
      );
      expect(message).toMatch(/recipe-names\.test\.ts:\d+\)$/);
      expect(hint).toContain('/inputs');
      expect(facts).toMatchObject({ slice: 'sample', field: 'build.inputs' });
    },
  );

  test.each([...ODD.map(([name]) => name), ...PATHS_OUT])('is refused for an entry at %j', async (path) => {
    const { code, facts, hint } = await errorOf(evaluated(entryAt(path)));
    expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'build.entries']);
    expect(hint).toContain('etc/cocon/keys');
  });

  test.each(['', 'a\0b'])('is refused for a link to %j', async (target) => {
    const { code, facts } = await errorOf(evaluated(linkTo(target)));
    expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'build.entries']);
  });

  const entry = (path: string, more: Partial<{ mode: number; uid: number; gid: number }> = {}) =>
    ({ type: 'file', path, mode: 0o644, contents: '', ...more }) as const;
  const link = (path: string) => ({ type: 'symlink', path, target: 'x' }) as const;

  test.each([
    ['etc/x is given twice', [entry('etc/x'), entry('etc/y'), link('etc/x')]],
    ['etc/x/y cannot lie below etc/x, which is no directory', [entry('etc/x/y'), entry('etc/x')]],
    ['etc/x/y/z cannot lie below etc/x, which is no directory', [link('etc/x'), entry('etc/x/y/z')]],
    ['"etc/.wh.x" is no plain path: in a layer, that removes a file', [entry('etc/.wh.x')]],
    ['x cannot have the mode 0o1204: no file is sticky', [entry('x', { mode: 644 })]],
    ['x cannot have the mode -1: it is no whole number from 0 to 0o7777', [entry('x', { mode: -1 })]],
    ['x cannot have the mode 33188: it is no whole number', [entry('x', { mode: 0o100644 })]],
    ['x cannot have the mode NaN: it is no whole number', [entry('x', { mode: NaN })]],
    ['x cannot belong to 262144: it is no whole number from 0 to 262143', [entry('x', { gid: 0o1000000 })]],
    ['x cannot belong to -5: it is no whole number from 0 to 262143', [entry('x', { uid: -5 })]],
    ['etc/n has no text as its contents', [{ ...entry('etc/n'), contents: 123 }]],
    ['etc/n is a "fifo", which no entry can be', [{ ...entry('etc/n'), type: 'fifo' }]],
    ['123 is no plain path: it is no text', [{ ...entry(''), path: 123 }]],
    ['null is no entry', [null]],
    ['it is no list', 'etc/n'],
  ])('is refused, for its entries: %s', async (why, entries) => {
    const { code, message, facts } = await errorOf(evaluated({ kind: 'entries', entries: entries as never }));
    expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'build.entries']);
    expect(message).toContain(`Cannot use slice "sample": build.entries: ${why}`);
  });

  test.each([undefined, Promise.resolve({ kind: 'entries', entries: [] }), { kind: 'files' }])(
    'is refused when its build gives %j',
    async (given) => {
      const build = (): never => given as never;
      const { code, facts, message } = await errorOf(evaluated({ kind: 'entries', entries: [] }, { build }));
      expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'build']);
      expect(message).toContain('it gives no recipe');
    },
  );

  test.each(['', 'a\nb'])('is refused for a step called %j', async (name) => {
    const recipe: Recipe = { kind: 'steps', steps: [{ name, script: 'true' }] };
    const { code, facts } = await errorOf(evaluated(recipe));
    expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'build.steps']);
  });

  test.each([...ODD.map(([name]) => name).filter((name) => name !== ''), ...PATHS_OUT])(
    'is refused where it is defined, for an output that is taken from %j',
    (prefix) => {
      const define = () =>
        defineSlice({
          name: 'sample',
          version: '1',
          license: 'MIT',
          summary,
          build: () => ({ kind: 'steps', steps }),
          outputs: { dev: ['include', prefix] },
        });
      expect(codeOf(define)).toBe('SLICE_INVALID');
      expect(define).toThrow(/Cannot use slice "sample": outputs\.dev: .*recipe-names\.test\.ts/);
    },
  );

  test.each(['../../escaped.tar', 'a b.tar', '-x.tar', '$(id).tar', '', 'a/b.tar'])(
    'is refused for a source file called %j',
    async (name) => {
      const file = (each: string) => ({ name: each, sha256: '0'.repeat(64) });
      const source = debianSource({
        package: 'hello',
        version: '1-1',
        upstream: file(name),
        debian: file('hello_1-1.debian.tar.xz'),
        patched: true,
      });
      const { code, message, facts } = await errorOf(evaluated({ kind: 'steps', steps }, { source }));
      expect([code, facts['field']]).toEqual(['SLICE_INVALID', 'source']);
      expect(message).toContain(JSON.stringify(name));
    },
  );
});

describe('a definition', () => {
  test('may have directories among its entries in any order, and every mode and owner that a tar holds', async () => {
    const entries = [
      { type: 'file', path: 'a/b/c', mode: 0o4755, contents: '', uid: 0o777777 },
      { type: 'directory', path: 'a/b', mode: 0o1777 },
      { type: 'directory', path: 'a', mode: 0 },
    ] as const;
    expect((await evaluated({ kind: 'entries', entries })).nodes).toHaveLength(1);
  });

  test.each(['fragment', 'config.h', '.hidden', 'a b', 'größe', '...', 'a..b', 'x'.repeat(255)])(
    'may have an input called %j',
    async (name) => {
      const [node] = (await evaluated(inputsOf(name))).nodes;
      expect(node?.recipe).toMatchObject({ inputs: { [name]: 'text' } });
    },
  );

  test.each(['etc/hosts', '.config', 'a/-b', 'usr/lib/..data', 'etc/a b'])(
    'may have an entry at %j',
    async (path) => {
      expect((await evaluated(entryAt(path))).nodes).toHaveLength(1);
    },
  );

  propertyTest.prop([fc.string({ unit: 'binary' })])(
    'never has an input that lies anywhere but in the directory of inputs',
    async (name) => {
      const graph = await evaluated(inputsOf(name)).catch(() => undefined);
      const outside =
        name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || name.startsWith('-');
      expect(outside && graph !== undefined).toBe(false);
    },
  );
});
