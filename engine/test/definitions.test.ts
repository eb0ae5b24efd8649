import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import parseSpdx from 'spdx-expression-parse';
import { describe, expect, test } from 'vitest';

import { busybox } from '../../slices/busybox/slice.ts';
import { caCertificates } from '../../slices/ca-certificates/slice.ts';
import { dropbear } from '../../slices/dropbear/slice.ts';
import { linuxConfig } from '../../slices/linux-config/slice.ts';
import { linux } from '../../slices/linux/slice.ts';
import { release } from '../../slices/release/slice.ts';
import { defineBoard } from '../src/define/board.ts';
import { REPOSITORY } from '../src/define/location.ts';
import { defineProfile } from '../src/define/profile.ts';
import { configure, type OptionSetting, type Slice } from '../src/define/slice.ts';
import { TARGET_NAMES, TARGETS, type Target } from '../src/define/target.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import type { Graph, GraphNode } from '../src/graph/graph.ts';
import { loadBoard, namesOf } from '../src/graph/load.ts';
import { optionValues } from '../src/graph/option-values.ts';
import { kernelSymbols, type Demand } from '../src/kconfig/symbols.ts';
import { toolchainLock as lock } from '../src/pins/pins.ts';

const SLICES = join(import.meta.dirname, '../../slices');

/** All slices that this folder defines, found by their files. */
async function definedSlices(): Promise<readonly Slice[]> {
  const folders = (await readdir(SLICES, { withFileTypes: true })).filter((each) => each.isDirectory());
  const found: Slice[] = [release('1', [])];
  for (const { name } of folders) {
    if (!(await readdir(join(SLICES, name))).includes('slice.ts')) continue;
    const module = (await import(join(SLICES, name, 'slice.ts'))) as Record<string, unknown>;
    found.push(...Object.values(module).filter(isSlice));
  }
  return found;
}

function isSlice(value: unknown): value is Slice {
  return typeof value === 'object' && value !== null && 'definedAt' in value && 'outputs' in value;
}

const slices = await definedSlices();
const boards = await namesOf('board', REPOSITORY);

function boardFor(target: Target, kernel: readonly Demand[] = []) {
  const summary = 'A board for tests';
  return defineBoard({ name: 'bench', summary, target, kernel: () => kernel, commandLine: '' });
}

async function graphOf(
  target: Target,
  tools: readonly Slice[],
  more: { readonly options?: readonly OptionSetting[]; readonly kernel?: readonly Demand[] } = {},
): Promise<Graph> {
  const profile = defineProfile({ name: 'test', summary: 'A profile for tests', slices: [] });
  const { options = [], kernel = [] } = more;
  return await evaluate({ profile, board: boardFor(target, kernel), tools, options });
}

function nodeOf(graph: Graph, name: string): GraphNode {
  const node = graph.nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

/** The one text that a node's steps read. */
function inputOf(node: GraphNode): string {
  if (node.recipe.kind !== 'steps') throw new Error(`${node.id} has no steps`);
  return Object.values(node.recipe.inputs ?? {}).join('');
}

describe('the slices', () => {
  test('have names of their own', () => {
    const names = slices.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
    expect(names).toEqual(expect.arrayContaining(['busybox', 'crun', 'linux', 'musl', 'release']));
  });

  test.each(slices.map((slice) => [slice.name, slice] as const))(
    '%s has an SPDX licence and a summary without a period',
    (_, { license, summary }) => {
      expect(() => parseSpdx(license)).not.toThrow();
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
    },
  );

  test.each(TARGETS)('are evaluated for %s, with every source pinned', async (target) => {
    const graph = await graphOf(target, slices);
    for (const { name, runsOn } of slices) {
      expect(nodeOf(graph, name).platform).toBe(runsOn ?? target);
    }
    const pins = graph.nodes.flatMap(({ source }) => (source?.kind === 'debian' ? source.files : []));
    expect(pins.length).toBeGreaterThan(10);
  });

  test.each(slices.map((slice) => [slice.name, slice] as const))(
    '%s asks for no kernel symbol twice, on any target',
    (_, slice) => {
      for (const name of TARGETS) {
        const context = { options: optionValues(slice, []), target: { name, ...TARGET_NAMES[name] } };
        const asked = (slice.kernel?.(kernelSymbols, context) ?? []).map(({ symbol }) => symbol);
        expect(asked).toEqual([...new Set(asked)]);
      }
    },
  );

  test('build the kernel with what everybody asks for, through its configuration alone', async () => {
    const graph = await graphOf('x86_64', [linux], { kernel: [{ symbol: 'NR_CPUS', value: '7' }] });
    expect(inputOf(nodeOf(graph, linuxConfig.name))).toContain('CONFIG_NR_CPUS=7\n');
    expect(JSON.stringify(nodeOf(graph, 'linux').recipe)).not.toContain('NR_CPUS');
  });

  test('give busybox IPv6 where the kernel has it, and vi where it is wanted', async () => {
    const ipv6 = { symbol: 'IPV6', value: 'y' };
    const [without, full] = [
      nodeOf(await graphOf('x86_64', [busybox], { options: [configure(busybox, { vi: false })] }), 'busybox'),
      nodeOf(await graphOf('x86_64', [busybox], { kernel: [ipv6] }), 'busybox'),
    ];
    expect([without.facts, full.facts]).toEqual([
      [{ symbol: 'IPV6', value: false }],
      [{ symbol: 'IPV6', value: true }],
    ]);
    expect(inputOf(full)).toContain('CONFIG_FEATURE_IPV6=y\n');
    expect(inputOf(full)).toContain('CONFIG_VI=y\n');
    expect(inputOf(without)).not.toMatch(/IPV6|PING6|_VI=/);
  });

  test('build dropbear for RSA keys only where they are wanted', async () => {
    const plain = await graphOf('x86_64', [dropbear]);
    const rsa = await graphOf('x86_64', [dropbear], { options: [configure(dropbear, { rsa: true })] });
    expect(inputOf(nodeOf(plain, 'dropbear'))).toContain('#define DROPBEAR_RSA 0\n');
    expect(inputOf(nodeOf(rsa, 'dropbear'))).not.toContain('DROPBEAR_RSA');
  });

  test('name the version of the certificates that the toolchain holds', () => {
    const locked = lock.packages.find(({ name }) => name === caCertificates.name);
    expect(locked?.version).toBe(caCertificates.version);
  });
});

describe('the boards', () => {
  test.each(boards)('%s asks for no kernel symbol twice, and says where the console is', async (name) => {
    const found = await loadBoard(name, REPOSITORY);
    const asked = found.kernel(kernelSymbols).map(({ symbol }) => symbol);
    expect(asked).toEqual([...new Set(asked)]);
    expect(found.commandLine).toMatch(/^console=tty\w+/);
    expect(found.name).toBe(name);
  });
});

describe('release()', () => {
  test('writes os-release and a file for each key', async () => {
    const graph = await graphOf('x86_64', [release('1.2.3', [{ name: 'factory', pem: 'PEM\n' }])]);
    const { recipe } = nodeOf(graph, 'release');
    const files = recipe.kind === 'entries' ? recipe.entries.filter(({ type }) => type === 'file') : [];
    expect(files).toMatchObject([
      {
        path: 'etc/os-release',
        contents:
          'NAME="Cocon OS"\nID="cocon"\nVERSION="1.2.3"\nVERSION_ID="1.2.3"\nPRETTY_NAME="Cocon OS 1.2.3"\n',
      },
      { path: 'etc/cocon/keys/factory.pem', contents: 'PEM\n' },
    ]);
  });

  test('writes os-release so that a shell reads the version as it was given', async () => {
    const version = '1" $(id) `id` \\ $HOME';
    const { recipe } = nodeOf(await graphOf('x86_64', [release(version, [])]), 'release');
    const [first] = recipe.kind === 'entries' ? recipe.entries : [];
    const text = first?.type === 'file' ? first.contents : '';
    const read = execFileSync('sh', ['-euc', 'eval "$1"; printf %s "$VERSION_ID"', 'sh', text]);
    expect(String(read)).toBe(version);
  });
});
