/**
 * The real tree, copied to another directory and edited as a person would: what is built again, and what is not. Nothing
 * long is compiled; what was built before comes from a copy of the usual store.
 */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { cacheDirectory, cacheDirectoryAt } from '../src/cache-directory.ts';
import { REPOSITORY } from '../src/define/location.ts';
import { runProcess } from '../src/run-process.ts';

let home = '';
let tree = '';
let cache = '';

beforeAll(async () => {
  // What is not there yet is built once, for all tests and for the demo.
  await cocon(
    REPOSITORY,
    cacheDirectory().root,
    'build',
    'embedded',
    '--target',
    'linux',
    '--target',
    'crun',
  );
});

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cocon-incremental-'));
  tree = join(home, 'tree');
  cache = join(home, 'cache');
  for (const name of ['slices', 'profiles', 'boards']) {
    await cp(join(REPOSITORY, name), join(tree, name), { recursive: true });
  }
  for (const name of ['node_modules', 'native', 'out', 'Cargo.lock', 'Cargo.toml', 'package.json']) {
    await symlink(join(REPOSITORY, name), join(tree, name));
  }
  const usual = cacheDirectory();
  const own = cacheDirectoryAt(cache);
  await mkdir(cache);
  for (const place of ['sources', 'toolchain', 'apt'] as const) await symlink(usual[place], own[place]);
  await runProcess('cp', ['--archive', '--link', usual.store, own.store]);
  // Earlier builds of other trees are not what is edited here.
  await cocon(REPOSITORY, cache, 'store', 'gc', '--profile', 'embedded', '--board', 'pc');
});

afterEach(async () => rm(home, { recursive: true }));

/** Runs `cocon` in a directory. */
async function cocon(directory: string, root: string, ...args: readonly string[]): Promise<string> {
  const command = [join(REPOSITORY, 'image-builder/bin/cocon.ts'), ...args];
  const { status, stdout, tail } = await runProcess('bash', [join(REPOSITORY, 'scripts/node'), ...command], {
    cwd: directory,
    environment: { ...process.env, COCON_CACHE: root },
  });
  if (status !== 0) throw new Error(`cocon ${args.join(' ')} ended with ${status}:\n${tail.join('\n')}`);
  return stdout;
}

async function edit(path: string, from: string, to: string): Promise<void> {
  const file = join(tree, path);
  const text = await readFile(file, 'utf8');
  expect(text).toContain(from);
  await writeFile(file, text.replace(from, to));
}

/** The nodes that a build of the edited tree had to build. */
async function builtBy(...args: readonly string[]): Promise<readonly string[]> {
  const report: { nodes: readonly { id: string; built: boolean }[] } = JSON.parse(
    await cocon(tree, cache, 'build', 'embedded', '--json', ...args),
  );
  return report.nodes.filter(({ built }) => built).map(({ id }) => id);
}

describe('cocon build', () => {
  it('builds nothing in a copy of the tree', async () => {
    expect(await builtBy()).toEqual([]);
  });

  it('builds musl for a comment in one of its steps, and stops there', async () => {
    await edit('slices/musl/slice.ts', 'make -C source install', '# A comment.\\nmake -C source install');
    expect(await builtBy()).toEqual(['musl@x86_64']);
  });

  it('builds busybox for a change of its configuration, and nothing else that ships', async () => {
    await edit('profiles/embedded.ts', 'vi: false', 'vi: true');
    expect(await builtBy()).toEqual(['busybox@x86_64']);
  });

  it('configures the kernel for a demand that goes, and builds who read that fact', async () => {
    await edit('profiles/embedded.ts', 'k.IPV6', 'k.NET');
    const names = ['linux-config', 'busybox', 'musl', 'crun', 'cocon-update'];
    const built = await builtBy(...names.flatMap((name) => ['--target', name]));
    expect(built.toSorted()).toEqual(['busybox@x86_64', 'linux-config@x86_64']);
  });

  it('builds no kernel for a demand that changes nothing in its configuration', async () => {
    await edit('profiles/embedded.ts', 'k.IPV6', 'k.IPV6, k.NET');
    expect(await builtBy()).toEqual([]);
  });
});
