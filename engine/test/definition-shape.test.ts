/** Definitions that no compiler has seen: a build does not wait for one, so a slip is told where it is. */
import { describe, expect, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { flag } from '../src/define/options.ts';
import { defineProfile } from '../src/define/profile.ts';
import { defineSlice, type Slice } from '../src/define/slice.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { vm } from '../src/define/vm-test.ts';
import { errorOf } from './support.ts';

type Fields = Readonly<Record<string, unknown>>;

const recipe = { kind: 'steps', steps: [{ name: 'compile', script: 'true' }] };
const SLICE: Fields = {
  name: 'sample',
  version: '1',
  license: 'MIT',
  summary: 'For a test',
  build: () => recipe,
  outputs: { runtime: [''], dev: [''] },
};
const BOARD: Fields = {
  name: 'bench',
  summary: 'For a test',
  target: 'x86_64',
  commandLine: '',
  kernel: () => [],
};

const sliceOf = (fields: Fields): Slice => defineSlice({ ...SLICE, ...fields } as never);

async function evaluated(fields: { slice?: Fields; profile?: Fields; board?: Fields }): Promise<unknown> {
  const slices = [sliceOf(fields.slice ?? {})];
  const profile = defineProfile({ name: 'test', summary: 'For a test', slices, ...fields.profile });
  return await evaluate({ profile, board: defineBoard({ ...BOARD, ...fields.board } as never) });
}

const building = (steps: unknown, more: Fields = {}): Fields => ({
  build: () => ({ kind: 'steps', steps, ...more }),
});
const trying = (tests: unknown): Fields => ({ tests: () => tests });

describe('a slip in a definition', () => {
  test.each<[Fields, string, RegExp]>([
    [{ license: undefined }, 'license: it is missing', /SPDX/],
    [{ summary: 5 }, 'summary: it is no line of text', /one line/],
    [{ licence: 'MIT' }, 'licence: there is no such field', /^Did you mean license\?/],
    [{ name: undefined }, 'name: it is missing', /a-z/],
    [{ build: recipe }, 'build: it is no function', /kind: 'steps'/],
    [{ needs: sliceOf({}) }, 'needs: it is no list', /\[musl\]/],
    [{ needs: [undefined] }, 'needs: number 1 of them is no slice', /slice\.ts/],
    [{ runsWith: [{ name: 'x' }] }, 'runsWith: number 1 of them is no slice', /slice\.ts/],
    [{ runsOn: 'target' }, 'runsOn: "target" is nothing that it can run on', /'host'/],
    [{ source: { kind: 'ftp' } }, 'source: it is none', /urlSource/],
    [{ source: 'https://x.invalid' }, 'source: it is none', /urlSource/],
    [{ options: { color: true } }, 'options.color: it is no option', /flag\(/],
    [
      { options: { color: flag('yes' as never, 'x') } },
      'options.color: its default "yes" is not',
      /true or false/,
    ],
    [{ packages: 'bc' }, 'packages: it is no list', /\['bc'\]/],
    [{ packages: () => [5] }, 'packages: number 1 of them is no name', /\['bc'\]/],
    [{ outputs: undefined }, 'outputs: it is missing', /runtime/],
    [{ outputs: { runtme: [''] } }, 'outputs.runtme: there is no such output', /^Did you mean runtime\?/],
    [{ outputs: { runtime: '' } }, 'outputs.runtime: it is no list of texts', /\[''\]/],
    [{ budget: '40 KiB' }, 'budget: it is no table', /size: '40 KiB'/],
    [{ budget: { sise: '40 KiB' } }, 'budget.sise: there is no such field', /^Did you mean size\?/],
    [{ budget: { size: 40 } }, 'budget.size: "40" is no size', /KiB/],
    [{ cannotBuild: ['FB_RIVA'] }, 'cannotBuild: it is no table of symbols', /why/],
    [{ cannotBuild: { FB_RIVA: 'no' } }, 'cannotBuild: it is no table of symbols', /why/],
    [{ kernel: () => undefined }, 'kernel: it is no list', /k\.EROFS_FS/],
    [{ kernel: () => [undefined] }, 'kernel: number 1 of them is no demand', /k\.EROFS_FS/],
    [building('make'), 'build.steps: it is no list', /script/],
    [building([{ name: 'compile' }]), 'build.steps: "compile" has no script', /script/],
    [building(['make']), 'build.steps: number 1 of them is no step', /script/],
    [building([], { inputs: { config: 5 } }), 'build.inputs: "config" is no text', /text/],
    [trying({ commands: [] }), 'tests: it is no list', /vm\.boots/],
    [trying(['true']), 'tests: number 1 of them is no test', /vm\.boots/],
  ])('of a slice, %o, is told with its field: %s', async (slice, what, hint) => {
    const error = await errorOf(evaluated({ slice }));
    expect(error).toMatchObject({ code: 'SLICE_INVALID', hint: expect.stringMatching(hint) as unknown });
    expect(error.message).toContain(`: ${what}`);
    expect(error.message).toMatch(/definition-shape\.test\.ts:\d+\)$/);
  });

  test.each<[Fields, string, RegExp]>([
    [{ summary: undefined }, 'summary: it is missing', /one line/],
    [{ slizes: [] }, 'slizes: there is no such field', /^Did you mean slices\?/],
    [{ options: { vi: false } }, 'options: it is no list', /configure\(/],
    [{ options: [{ vi: false }] }, 'options: number 1 of them is no setting', /configure\(/],
    [{ kernel: () => 'IPV6' }, 'kernel: it is no list', /k\.EROFS_FS/],
    [{ tests: () => 'true' }, 'tests: it is no list', /vm\.boots/],
    [{ layers: 'many' }, 'layers: "many" is no number of layers', /3/],
    [{ layers: 2 }, 'layers: 2 is no number of layers', /3/],
    [{ budget: { bootRatio: 'half' } }, 'budget.bootRatio: "half" is no share', /0\.6/],
    [{ budget: { kernel: 'small' } }, 'budget.kernel: "small" is no size', /KiB/],
    [{ budget: { bootRatio: -1 } }, 'budget.bootRatio: -1 is no share', /0\.6/],
  ])('of a profile, %o, is told with its field: %s', async (profile, what, hint) => {
    const error = await errorOf(evaluated({ profile }));
    expect(error).toMatchObject({ code: 'SLICE_INVALID', hint: expect.stringMatching(hint) as unknown });
    expect(error.message).toContain(`Cannot use profile "test": ${what}`);
  });

  test.each<[Fields, string, RegExp]>([
    [{ target: undefined }, 'target: it is missing', /x86_64, aarch64, riscv64, armv7/],
    [{ target: 'x86' }, 'target: "x86" is no target', /x86_64, aarch64, riscv64, armv7/],
    [{ commandLine: undefined }, 'commandLine: it is missing', /console/],
    [{ kernel: [] }, 'kernel: it is no function', /k\.EROFS_FS/],
    [{ budget: { kernel: '1 KiB' } }, 'budget.why: it is missing', /network cards/],
    [{ budget: { why: 'Wi-Fi' } }, 'budget.kernel: it is missing', /network cards/],
    [{ budget: { kernel: '1 KiB', why: '' } }, 'budget.why: it is no line of text', /network cards/],
    [{ budget: { kernel: 'small', why: 'Wi-Fi' } }, 'budget.kernel: "small" is no size', /KiB/],
    [{ comandLine: '' }, 'comandLine: there is no such field', /^Did you mean commandLine\?/],
  ])('of a board, %o, is told with its field: %s', async (board, what, hint) => {
    const error = await errorOf(evaluated({ board }));
    expect(error).toMatchObject({ code: 'SLICE_INVALID', hint: expect.stringMatching(hint) as unknown });
    expect(error.message).toContain(`Cannot use board "bench": ${what}`);
  });

  test.each([
    ['a text', 'x' as never, /wants a regular expression/],
    ['another case', /x/i, /tried with the flags m and u alone/],
    ['what no Unicode pattern is', new RegExp(String.raw`a\-b`), /Invalid/],
  ])('of a test that says %s, is told before anything boots', async (_, pattern, why) => {
    const tests: Fields = { tests: () => [vm.boots().run('true').says(pattern)] };
    const error = await errorOf(evaluated({ profile: tests }));
    expect(error.code).toBe('SLICE_INVALID');
    expect(error.message).toMatch(why);
    expect(error.message).toContain('profile "test": tests: ');
  });

  test('of none is nothing', async () => {
    await expect(evaluated({})).resolves.toMatchObject({ profile: 'test', board: 'bench' });
  });
});
