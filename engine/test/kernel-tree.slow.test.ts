/** The kernel's tree as it is unpacked has what every symbol that the types offer is built of. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, test } from 'vitest';

import { CANNOT_BUILD } from '../../slices/linux/cannot-build.ts';
import { AMDGPU_TABLES, linuxTree } from '../../slices/linux/tree.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { extractKconfig, KERNEL_ARCHITECTURES, readKconfigTrees } from '../src/kconfig/tree.ts';
import { runProcess } from '../src/run-process.ts';
import { fetchSource } from '../src/sources/fetch-source.ts';
import { missingIn, type Missing } from './kbuild.ts';

const source = linuxTree();
let archives: ReadonlyMap<string, string>;
let offered: ReadonlySet<string>;
let whole: ReadonlySet<string>;
let unpacked: ReadonlySet<string>;
let makefiles: ReadonlyMap<string, string>;

/** The members of the tarball, without the name of its directory; also each directory. */
async function members(...options: readonly string[]): Promise<ReadonlySet<string>> {
  const archive = archives.get(source.upstream.name) ?? '';
  const { status, stdout } = await runProcess('tar', ['--list', ...options, `--file=${archive}`]);
  expect(status).toBe(0);
  return new Set(stdout.split('\n').map((line) => line.replace(/^[^/]*\//, '').replace(/\/$/, '')));
}

beforeAll(async () => {
  const cache = cacheDirectory();
  // With Debian's own files, which say what Debian leaves out.
  archives = await fetchSource({ ...source, patched: true }, cache);
  const models = readKconfigTrees(await extractKconfig(source, cache), KERNEL_ARCHITECTURES);
  offered = new Set(models.flatMap(({ symbols }) => symbols.map(({ name }) => name)));
  whole = await members();
  unpacked = await members(...(source.exclude ?? []).map((pattern) => `--exclude=${pattern}`));
  const directory = await mkdtemp(join(tmpdir(), 'cocon-kernel-tree-'));
  const { status } = await runProcess('tar', [
    '--extract',
    '--strip-components=1',
    '--wildcards',
    `--directory=${directory}`,
    `--file=${archives.get(source.upstream.name) ?? ''}`,
    '*/Makefile*',
    '*/Kbuild*',
  ]);
  expect(status).toBe(0);
  const names = [...unpacked].filter((path) => /(^|\/)(Makefile|Kbuild)$/.test(path) && isBuilt(path));
  makefiles = new Map(
    await Promise.all(
      names.map(async (path): Promise<[string, string]> => [
        path,
        await readFile(join(directory, path), 'utf8'),
      ]),
    ),
  );
  await rm(directory, { recursive: true });
});

/** Whether objects of the image come from there, for one of our targets. */
function isBuilt(path: string): boolean {
  const [top = '', architecture = ''] = path.split('/');
  if (top === 'arch') return ['Kconfig', ...KERNEL_ARCHITECTURES].includes(architecture);
  return !['tools', 'Documentation', 'scripts', 'rust'].includes(top);
}

/**
 * Offered, but `depends on m`: it cannot be in a kernel without modules, and the proof of the
 * configuration says so.
 */
const MODULES_ALONE = ['NVDIMM_TEST_BUILD'];

/** Those that somebody can ask for: each of their symbols is offered. */
function reachable(missing: readonly Missing[]): readonly Missing[] {
  return missing.filter(({ symbols }) =>
    symbols.every((symbol) => offered.has(symbol) && !MODULES_ALONE.includes(symbol)),
  );
}

const row = ({ path, symbols }: Missing): string => `${path} of ${symbols.join(' ') || 'every kernel'}`;

test('the Makefiles ask for nothing that is not unpacked, but for what is refused', () => {
  const { missing, looked, skipped } = missingIn(makefiles, (path) => unpacked.has(path));
  expect(looked).toBeGreaterThan(15_000);
  // Words that only make could resolve.
  expect(skipped).toBeLessThan(looked / 50);
  const unexplained = reachable(missing).filter(
    ({ symbols }) => !symbols.some((symbol) => Object.hasOwn(CANNOT_BUILD, symbol)),
  );
  expect(unexplained.map(row)).toEqual([]);
});

test('the walk sees what is not there: the tree as it was before', () => {
  const before = (path: string): boolean =>
    unpacked.has(path) &&
    !/^(drivers\/(gpu|iio|infiniband|media|net\/ethernet|net\/wireless|staging)|sound)\/.*\.[chS]$/.test(
      path,
    );
  const rows = reachable(missingIn(makefiles, before).missing).map(row);
  expect(rows).toContain('drivers/net/ethernet/broadcom/tg3.o of TIGON3');
  expect(rows.length).toBeGreaterThan(5000);
});

test('what is left out for its size is built for one symbol alone', () => {
  const tables = [...whole].filter((path) => path.startsWith(`${AMDGPU_TABLES.directory}/`));
  expect(tables.length).toBeGreaterThan(400);
  expect(tables.filter((path) => unpacked.has(path))).toEqual([]);
  expect(offered).toContain(AMDGPU_TABLES.symbol);
});

test('the symbols that are refused are offered, and what Debian leaves out is among their reasons', async () => {
  expect(Object.keys(CANNOT_BUILD).filter((symbol) => !offered.has(symbol))).toEqual([]);
  const debian = archives.get(source.debian.name) ?? '';
  const { status, stdout } = await runProcess('tar', ['-xOf', debian, 'debian/copyright']);
  expect(status).toBe(0);
  const left = /^Files-Excluded:((?:.*\n )*.*)$/m.exec(stdout)?.[1]?.trim().split(/\s+/) ?? [];
  const ofUs = left.filter((path) => isBuilt(path));
  expect(ofUs.length).toBeGreaterThan(2);
  const reasons = Object.values(CANNOT_BUILD).map(({ why }) => why);
  expect(ofUs.filter((path) => !reasons.some((why) => why.includes(path)))).toEqual([]);
});
