import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { choice, flag, text } from '../src/define/options.ts';
import { defineProfile, type ProfileDefinition } from '../src/define/profile.ts';
import { configure, defineSlice, type Slice, type SliceDefinition } from '../src/define/slice.ts';
import { localSource, urlSource } from '../src/define/source.ts';
import type { Target } from '../src/define/target.ts';
import { evaluate, type EvaluateInput } from '../src/graph/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import type { Demand } from '../src/kconfig/symbols.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES } from '../toolchain/packages.ts';

const on = (symbol: string) => ({ symbol, value: 'y' });

const board = defineBoard({
  name: 'bench',
  summary: 'A board for tests',
  target: 'x86_64',
  kernel: () => [on('PCI')],
  commandLine: 'console=ttyS0',
});

function slice(name: string, rest: Partial<SliceDefinition> = {}): Slice {
  return defineSlice<SliceDefinition['options'] & object>({
    name,
    version: '1',
    license: 'MIT',
    summary: `The slice ${name}`,
    build: () => ({ kind: 'entries', entries: [] }),
    outputs: { runtime: [''], dev: [''] },
    ...rest,
  });
}

async function graphOf(
  slices: readonly Slice[],
  profile: Partial<ProfileDefinition> = {},
  input: Partial<EvaluateInput> = {},
): Promise<Graph> {
  return await evaluate({
    profile: defineProfile({ name: 'test', summary: 'A profile for tests', slices, ...profile }),
    board,
    ...input,
  });
}

describe('evaluate()', () => {
  test('lists needs before what needs them, and only what ships in the image', async () => {
    const libc = slice('libc');
    const shell = slice('shell', { needs: [libc] });
    const graph = await graphOf([slice('kernel'), shell]);
    expect(graph.nodes.map(({ id }) => id)).toEqual(['kernel@x86_64', 'libc@x86_64', 'shell@x86_64']);
    expect(graph.image).toEqual(['kernel@x86_64', 'shell@x86_64']);
    expect(graph.nodes[2]?.needs).toEqual(['libc@x86_64']);
  });

  test('puts what a slice runs with below it, once', async () => {
    const shell = slice('shell');
    const graph = await graphOf([slice('a', { runsWith: [shell] }), slice('b', { runsWith: [shell] })]);
    expect(graph.image).toEqual(['shell@x86_64', 'a@x86_64', 'b@x86_64']);
  });

  test('builds host tools for the host, also beside an image', async () => {
    const graph = await graphOf([slice('a')], {}, { tools: [slice('mkfs', { runsOn: 'host' })] });
    expect(graph.nodes.map(({ id }) => id)).toEqual(['a@x86_64', 'mkfs@host']);
    expect(graph.image).toEqual(['a@x86_64']);
  });

  test("puts the target's compiler and a slice's packages into its sandbox, which may depend on the target", async () => {
    const kernel = slice('kernel', {
      build: () => ({ kind: 'steps', steps: [{ name: 'build', script: 'true' }] }),
      packages: ({ target }) => (target.name === 'x86_64' ? ['bc'] : ['bc', 'bsdextrautils']),
    });
    const packages = async (target: Target): Promise<readonly string[]> =>
      (await graphOf([kernel], {}, { board: { ...board, target } })).nodes[0]?.packages ?? [];
    expect(await packages('x86_64')).toEqual([...COMMON_PACKAGES, 'bc'].toSorted());
    const aarch64 = [...COMMON_PACKAGES, ...CROSS_PACKAGES.aarch64, 'bc', 'bsdextrautils'];
    expect(await packages('aarch64')).toEqual(aarch64.toSorted());
  });

  test('merges what slices of the target, profile and board ask of the kernel, and says who asks', async () => {
    const asking = slice('asking', {
      kernel: () => [on('INET'), on('PCI')],
      needs: [
        slice('library', { kernel: () => [on('FUTEX')] }),
        slice('tool', { runsOn: 'host', kernel: () => [on('NEVER')] }),
      ],
    });
    const { demands } = await graphOf([asking], { kernel: () => [on('INET')] });
    expect(demands).toEqual([
      { symbol: 'FUTEX', value: 'y', askedBy: ['library'] },
      { symbol: 'INET', value: 'y', askedBy: ['asking', 'profile test'] },
      { symbol: 'PCI', value: 'y', askedBy: ['asking', 'board bench'] },
    ]);
  });

  test('KERNEL_DEMAND_CONFLICT names both askers and both values', async () => {
    const one = slice('one', { kernel: () => [{ symbol: 'NR_CPUS', value: '8' }] });
    const two = slice('two', { kernel: () => [{ symbol: 'NR_CPUS', value: '64' }] });
    await expect(graphOf([one, two])).rejects.toMatchObject({
      code: 'KERNEL_DEMAND_CONFLICT',
      message: expect.stringMatching(/one wants NR_CPUS=8, two wants NR_CPUS=64/) as unknown,
    });
  });

  test('notes which kernel facts a build reads, and answers from the demands', async () => {
    const reader = slice('reader', {
      kernel: () => [on('INET')],
      build: ({ kernel }) => ({
        kind: 'steps',
        steps: [{ name: 'x', script: [kernel.has('INET'), kernel.has('IPV6')].join(' ') }],
      }),
    });
    const [node] = (await graphOf([reader])).nodes;
    expect(node?.facts).toEqual([
      { symbol: 'INET', value: true },
      { symbol: 'IPV6', value: false },
    ]);
    expect(node?.recipe).toMatchObject({ steps: [{ script: 'true false' }] });
  });

  test('gives a slice its options: the default, the profile over it, the image over that', async () => {
    const options = {
      vi: flag(true, 'The editor'),
      shell: choice(['ash', 'hush'], 'ash', 'Which shell'),
      motd: text('hi', 'Greeting'),
    };
    const tool = slice('tool', { options });
    const settings = [configure(tool, { vi: false, motd: 'a' })];
    const graph = await graphOf([tool], { options: settings }, { options: [configure(tool, { motd: 'b' })] });
    expect(graph.nodes[0]?.options).toEqual({ vi: false, shell: 'ash', motd: 'b' });
  });

  test.each([
    [{ shell: 'fish' }, /options\.shell: it does not take "fish".*evaluate\.test\.ts/, /"ash", "hush"/],
    [{ editor: true }, /options\.editor: there is no such option/, /It has shell/],
  ])(
    'SLICE_INVALID names slice, field, file and the way out for the options %o',
    async (values, message, hint) => {
      const tool = slice('tool', { options: { shell: choice(['ash', 'hush'], 'ash', 'Which shell') } });
      await expect(graphOf([tool], { options: [{ slice: tool, values }] })).rejects.toMatchObject({
        code: 'SLICE_INVALID',
        message: expect.stringMatching(message) as unknown,
        hint: expect.stringMatching(hint) as unknown,
      });
    },
  );

  test.each([
    ['a profile without slices', () => graphOf([]), /profile "test": slices: there is none/],
    ['no list of slices', () => graphOf(undefined as never), /profile "test": slices: it is missing/],
    [
      'what is no slice',
      () => graphOf([slice('a'), undefined as never]),
      /slices: number 2 of them is no slice/,
    ],
    [
      'a command line of two lines',
      () => graphOf([slice('a')], { commandLine: 'a\nb' }),
      /profile "test": commandLine: "a\\nb" is no line/,
    ],
    [
      "two lines of a board's",
      () => graphOf([slice('a')], {}, { board: { ...board, commandLine: 'a\0' } }),
      /board "bench": commandLine: "a\\u0000" is no line/,
    ],
    [
      'options of a slice that is not in the image',
      () => graphOf([slice('busybox')], { options: [configure(slice('busybix'), {})] }),
      /profile "test": options: busybix is configured, but it is not in it/,
    ],
    [
      'options of another slice of that name',
      () => graphOf([slice('busybox')], { options: [configure(slice('busybox'), {})] }),
      /options: busybox of .*evaluate\.test\.ts:\d+ is configured, but another slice/,
    ],
    ['an empty version', async () => graphOf([slice('a', { version: '' })]), /slice "a": version: "" is no/],
    [
      'a version of two lines',
      async () => graphOf([slice('a', { version: '1\n2' })]),
      /version: "1\\n2" is no/,
    ],
  ])('SLICE_INVALID for %s', async (_, evaluated, message) => {
    await expect(evaluated()).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('names the slice that may have been meant by options of another', async () => {
    const options = [configure(slice('busybix'), {})];
    await expect(graphOf([slice('busybox')], { options })).rejects.toMatchObject({
      hint: expect.stringMatching(/^Did you mean busybox\?/) as unknown,
    });
  });

  test('takes options of what is only needed, and a tree of tools alone', async () => {
    const libc = slice('libc', { options: { small: flag(false, 'Small') } });
    const options = [configure(libc, { small: true })];
    const graph = await graphOf([], { options }, { tools: [slice('tool', { needs: [libc] })] });
    expect(graph.nodes[0]?.options).toEqual({ small: true });
  });

  test('SLICE_CYCLE names the circle', async () => {
    const [a, b] = [slice('a'), slice('b')];
    Object.assign(a, { needs: [Object.assign(b, { needs: [a] })] });
    await expect(graphOf([a])).rejects.toMatchObject({
      code: 'SLICE_CYCLE',
      message: expect.stringMatching(/a -> b -> a/) as unknown,
    });
  });

  test.each([
    [
      'two slices of one name',
      () => [slice('same'), slice('same')],
      /name: .* defines another slice of that name/,
    ],
    [
      'a need without headers',
      () => [slice('a', { needs: [slice('b', { outputs: { runtime: [''] } })] })],
      /needs: b has no dev output/,
    ],
    [
      'two needs of one name',
      () => [slice('a', { needs: [slice('b'), slice('b', { runsOn: 'host' })] })],
      /needs: two of them are called b/,
    ],
    [
      'a definition that throws',
      () => [
        slice('a', {
          build: () => {
            throw new TypeError('no such thing');
          },
        }),
      ],
      /build: it throws: no such thing/,
    ],
    ['an image of what does not ship', () => [slice('a', { outputs: { dev: [''] } })], /outputs\.runtime/],
    [
      'a pin that is none',
      () => [
        slice('a', {
          source: urlSource({ url: 'https://x.invalid/a', sha256: 'latest' }),
          build: () => ({ kind: 'steps', steps: [] }),
        }),
      ],
      /source: "latest" is no pin/,
    ],
    [
      'a local source that is not there',
      () => [slice('a', { source: localSource('/nonexistent') })],
      /source: it cannot be read/,
    ],
    [
      'a size that is none',
      () => [slice('a', { budget: { size: '12 apples' as '1 B' } })],
      /budget\.size: "12 apples" is no size/,
    ],
  ])('SLICE_INVALID for %s', async (_, slices, message) => {
    await expect(graphOf(slices())).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('holds kernel and image to the budgets of the profile, raised by what the drivers of the board may take', async () => {
    const slices = [slice('kernel'), slice('shell', { budget: { size: '5 B' } })];
    const budget = { size: '6 KiB', kernel: '3 KiB' } as const;
    const small = await graphOf(slices, { budget });
    expect(small.budget.sizeBytes).toBe(6 * 1024);
    expect(small.nodes.map((node) => node.budget.sizeBytes)).toEqual([3 * 1024, 5]);
    const drivers = defineBoard({ ...board, budget: { kernel: '1 KiB', why: 'two network cards' } });
    const large = await graphOf(slices, { budget }, { board: drivers });
    expect(large.budget.sizeBytes).toBe(7 * 1024);
    expect(large.nodes.map((node) => node.budget.sizeBytes)).toEqual([4 * 1024, 5]);
    const boundless = await graphOf(slices, {}, { board: drivers });
    expect(boundless.budget.sizeBytes).toBeUndefined();
    expect(boundless.nodes.map((node) => node.budget.sizeBytes)).toEqual([undefined, 5]);
  });

  test('refuses a demand that the build of the kernel cannot meet, with the reason and the way out', async () => {
    const cannotBuild = {
      FB_RIVA: { why: 'its files are not there', instead: 'Demand DRM_NOUVEAU.' },
      EXTRA_FIRMWARE: { why: 'it names files', instead: 'Put them into a slice.' },
      MODULES: { why: 'there are none', instead: 'Have it built in.' },
    };
    const demanding = (...demands: readonly Demand[]): Promise<Graph> =>
      graphOf([slice('kernel', { cannotBuild }), slice('screen', { kernel: () => demands })]);
    await expect(
      demanding(on('FB_RIVA'), { symbol: 'EXTRA_FIRMWARE', value: '"a.bin"' }),
    ).rejects.toMatchObject({
      code: 'KERNEL_DEMAND_IMPOSSIBLE',
      message: `Cannot build the kernel with what is demanded of it
  EXTRA_FIRMWARE="a.bin", asked for by screen: it names files
  FB_RIVA=y, asked for by screen: its files are not there`,
      hint: 'Put them into a slice. Demand DRM_NOUVEAU.',
    });
    await expect(demanding({ symbol: 'USB', value: 'm' })).rejects.toMatchObject({
      message: expect.stringContaining('USB=m, asked for by screen: there are none') as unknown,
      hint: 'Have it built in.',
    });
    const off = await demanding({ symbol: 'FB_RIVA', value: 'n' }, { symbol: 'EXTRA_FIRMWARE', value: '""' });
    expect(off.demands).toHaveLength(3);
  });

  test.each([
    ['the clock', () => String(Date.now())],
    ['the clock', () => new Date().toISOString()],
    ['chance', () => String(Math.random())],
    ['the environment', () => process.env['HOME'] ?? ''],
    ['the network', () => typeof fetch('http://127.0.0.1')],
  ])('refuses a definition that looks at %s', async (what, look) => {
    const impure = slice('impure', {
      build: () => ({ kind: 'steps', steps: [{ name: 'x', script: look() }] }),
    });
    await expect(graphOf([impure])).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringContaining(`build: it reads ${what}`) as unknown,
    });
  });

  test('names the profile and its field when that is what looks at the clock', async () => {
    const impure = { tests: () => [{ commands: [{ command: String(Date.now()), status: 0 }] }] };
    await expect(graphOf([slice('a')], impure)).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringMatching(/profile "test": tests: it reads the clock/) as unknown,
    });
  });

  test('leaves clock, environment and chance as they were', async () => {
    const before = [Date, Math.random, process.env, fetch];
    await graphOf([slice('a')]);
    expect([Date, Math.random, process.env, fetch]).toEqual(before);
  });

  propertyTest.prop([fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 24 })])(
    'gives JSON that is the same each time and holds each need before its user',
    async (choices) => {
      const slices: Slice[] = [];
      for (const [index, pick] of choices.entries()) {
        const needs = slices.filter((_, at) => (pick >> (at % 3)) % 2 === 1);
        slices.push(slice(`s${index}`, { needs }));
      }
      const [first, second] = [await graphOf(slices), await graphOf(slices)];
      expect(JSON.stringify(second)).toBe(JSON.stringify(first));
      expect(JSON.parse(JSON.stringify(first))).toEqual(first);
      const seen = new Set<string>();
      for (const { id, needs } of first.nodes) {
        expect(needs.every((need) => seen.has(need))).toBe(true);
        seen.add(id);
      }
    },
  );
});
