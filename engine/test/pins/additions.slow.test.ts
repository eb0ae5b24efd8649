/**
 * `cocon pins add` in a project outside of the checkout, against a mirror on loopback; and
 * builds with what it has pinned.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, expect, test, vi } from 'vitest';

import { REPOSITORY } from '../../src/define/location.ts';
import type { Additions } from '../../src/pins/additions.ts';
import { repositoryPins } from '../../src/pins/pins.ts';
import { sha256Of } from '../../src/stable-json.ts';
import type { ArchivePackage, ArchiveState, Contents } from '../debian-archive.ts';
import { freshCache } from '../engine/support.ts';
import { mirrorOf } from '../loopback-mirror.ts';
import { scratchDirectory } from '../support.ts';

afterEach(() => void vi.unstubAllEnvs());

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `cocon` in a project, with the environment of this test. */
function cocon(project: string, ...args: readonly string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const program = [join(REPOSITORY, 'scripts/node'), join(REPOSITORY, 'image-builder/bin/cocon.ts')];
  execFile('bash', [...program, ...args], { cwd: project, maxBuffer: 2 ** 26 }, (error, out, err) => {
    resolve({ status: error === null ? 0 : Number(error.code), out, err });
  });
  return promise;
}

function archived(
  name: string,
  version: string,
  depends = '',
  contents: Contents = Buffer.from(`${name} ${version}\n`),
): ArchivePackage {
  const file = `${name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
  const fields: Record<string, string> = depends === '' ? {} : { Depends: depends };
  return { name, version, file: { name: file, contents }, fields };
}

/** What the repository locks, with its very hashes, on files of a few bytes. */
const toolchain: readonly ArchivePackage[] = repositoryPins.toolchain.packages.map(
  ({ name, version, sha256, depends }) => {
    const each = archived(name, version, depends.join(', '));
    return { ...each, file: { ...each.file, sha256 } };
  },
);
const versionOf = (name: string): string =>
  repositoryPins.toolchain.packages.find((each) => each.name === name)?.version ?? 'not locked';

async function mirrorWith(...packages: readonly ArchivePackage[]): Promise<ArchiveState> {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
  const state: ArchiveState = { packages: [...toolchain, ...packages], sources: [] };
  await mirrorOf(state);
  return state;
}

const additionsOf = async (project: string): Promise<Additions> =>
  JSON.parse(await readFile(join(project, 'toolchain.lock.json'), 'utf8')) as Additions;

/** A project of one profile, whose slice builds a greeter in C++ with those packages. */
async function projectWith(packages: readonly string[], script: string): Promise<string> {
  const project = await scratchDirectory();
  const files = {
    'profiles/own.ts': `import { join } from 'node:path';

import { defineProfile, defineSlice, localSource } from '@cocon-os/engine';

const greeter = defineSlice({
  name: 'greeter',
  version: '1',
  license: 'MIT',
  summary: 'Greets',
  runsOn: 'host',
  source: localSource(join(import.meta.dirname, '../greeter')),
  packages: ${JSON.stringify(packages)},
  build: () => ({ kind: 'steps', steps: [{ name: 'compile', script: ${JSON.stringify(script)} }] }),
  outputs: { runtime: [''] },
});

export const profile = defineProfile({ name: 'own', summary: 'Our own', slices: [greeter] });
`,
    'greeter/greeter.cpp': `#include <greeting.hpp>
#include <iostream>

int main() { std::cout << greeting() << std::endl; }
`,
    'greeter/meson.build': "project('greeter', 'cpp')\nexecutable('greeter', 'greeter.cpp', install: true)\n",
    'greeter/CMakeLists.txt':
      'cmake_minimum_required(VERSION 3.25)\nproject(greeter CXX)\nadd_executable(greeter greeter.cpp)\ninstall(TARGETS greeter)\n',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(project, name, '..'), { recursive: true });
    await writeFile(join(project, name), text);
  }
  return project;
}

test('cocon pins add pins packages with what they depend on; synth, check, export and update know them', async () => {
  const state = await mirrorWith(
    archived('greeting-dev', '1.0-1', 'greeting-data (= 1.0-1), libc6-dev (>= 2)'),
    archived('greeting-data', '1.0-1'),
    archived('other', '1.0-1'),
  );
  const project = await projectWith(['bc', 'greeting-dev'], 'true');
  const refused = await cocon(project, 'synth', 'own');
  expect(refused).toMatchObject({ status: 1, out: '' });
  expect(refused.err).toContain('nobody pins the Debian package "greeting-dev"');
  expect(refused.err).toContain('cocon pins add greeting-dev');

  const added = await cocon(project, 'pins', 'add', 'greeting-dev', 'cmake');
  expect(added).toMatchObject({ status: 0 });
  expect(added.out).toBe(`package  greeting-data  none -> 1.0-1
package  greeting-dev   none -> 1.0-1
cmake is in the toolchain already; nothing has to be added for it
2 packages in toolchain.lock.json; slices ask for them by packages: ['greeting-dev']
`);
  const sha256 = sha256Of('greeting-dev 1.0-1\n');
  expect(await additionsOf(project)).toEqual({
    format: 'cocon.toolchain/1',
    suite: repositoryPins.toolchain.suite,
    wanted: ['greeting-dev'],
    upon: { 'libc6-dev': versionOf('libc6-dev') },
    packages: [
      {
        name: 'greeting-data',
        version: '1.0-1',
        sha256: sha256Of('greeting-data 1.0-1\n'),
        size: 20,
        depends: [],
      },
      { name: 'greeting-dev', version: '1.0-1', sha256, size: 19, depends: ['greeting-data', 'libc6-dev'] },
    ],
  });
  const graph = JSON.parse((await cocon(project, 'synth', 'own', '--json')).out) as Record<string, unknown>;
  expect(graph['additions']).toMatchObject([{ name: 'greeting-data' }, { name: 'greeting-dev' }]);
  expect((await cocon(project, 'graph', 'own')).out).toContain('greeter@host');
  expect((await cocon(project, 'why', 'greeter', '-p', 'own')).status).toBe(0);

  // The mirror goes on: what is pinned stays, until it is told to move.
  state.packages = [
    ...toolchain,
    archived('greeting-dev', '1.1-1', 'greeting-data (= 1.1-1)'),
    archived('greeting-data', '1.1-1'),
    archived('other', '1.0-1', 'greeting-data'),
  ];
  expect((await cocon(project, 'pins', 'add', 'other')).out).toMatch(
    /^package {2}other {2}none -> 1\.0-1\n3 packages/,
  );
  const check = await cocon(project, 'pins', 'check');
  expect(check.status).toBe(1);
  expect(check.out).toMatch(
    /^package +greeting-dev +1\.0-1 {2}of toolchain\.lock\.json; gone from the mirror; newer: 1\.1-1$/m,
  );
  const dry = await cocon(project, 'pins', 'update', 'toolchain', '--dry-run');
  expect(dry.out).toMatch(/^2 pins would move, in toolchain\.lock\.json$/m);
  const update = await cocon(project, 'pins', 'update', 'additions');
  expect(update.out).toBe(`package  greeting-data  1.0-1 -> 1.1-1
package  greeting-dev   1.0-1 -> 1.1-1
2 pins moved, in toolchain.lock.json
`);
  expect((await additionsOf(project)).wanted).toEqual(['greeting-dev', 'other']);
  expect((await cocon(project, 'pins', 'update', 'additions')).out).toBe('Nothing has to move.\n');
  const older = [
    archived('greeting-dev', '1.0-1'),
    archived('greeting-data', '1.0-1'),
    archived('other', '1.0-1'),
  ];
  state.packages = [...toolchain, ...older];
  expect((await cocon(project, 'pins', 'update', 'additions')).err).toContain('which is older than 1.1-1');

  // What is to be exported and is nowhere is listed: the project's packages with those of the toolkit.
  state.packages = [];
  const lost = await cocon(project, 'pins', 'export', 'kept');
  expect(lost.err).toMatch(/^ +package greeting-dev 1\.1-1: trixie has no such package$/m);
  expect(lost.err).toMatch(/^ +package make .*: trixie has no such package$/m);
});

test.each([
  ['greeting-dve', 'PACKAGE_UNKNOWN', ['no binary package of that name', 'Did you mean greeting-dev?']],
  [
    'greedy',
    'TOOLCHAIN_CONFLICT',
    [`the toolchain has make ${versionOf('make')}, and it wants 99-1`, 'cocon pins update toolchain'],
  ],
  ['jealous', 'TOOLCHAIN_CONFLICT', [`the toolchain has bc ${versionOf('bc')}, and it goes only without`]],
  ['impossible', 'TOOLCHAIN_CONFLICT', ['impossible : Depends: nowhere']],
  ['-o', 'USAGE', ['-o']],
  ['greeting-dev=1.0-1', 'USAGE', ['not the name of a Debian package']],
])('cocon pins add %s ends with %s and writes nothing', async (name, code, words) => {
  const jealous = archived('jealous', '1.0-1');
  await mirrorWith(
    archived('greeting-dev', '1.0-1'),
    archived('greedy', '1.0-1', 'make (>= 99)'),
    archived('make', '99-1'),
    { ...jealous, fields: { Conflicts: 'bc' } },
    archived('impossible', '1.0-1', 'nowhere'),
  );
  const project = await scratchDirectory();
  const { status, err } = await cocon(project, 'pins', 'add', name);
  expect(status).toBe(code === 'USAGE' ? 2 : 1);
  if (code !== 'USAGE') expect(err).toContain(`[${code}]`);
  for (const each of words) expect(err).toContain(each);
  expect(await readdir(project)).toEqual([]);
});

test('cocon pins add resolves upon what is locked also when the mirror has it no more', async () => {
  const state = await mirrorWith();
  const newer = `${versionOf('libc6-dev')}+deb13u99`;
  state.packages = [
    ...toolchain.map((each) => (each.name === 'libc6-dev' ? { ...each, version: newer } : each)),
    archived('easy', '1.0-1', 'libc6-dev:any (>= 2)'),
    archived('strict', '1.0-1', `libc6-dev (= ${newer})`),
  ];
  const project = await scratchDirectory();
  expect((await cocon(project, 'pins', 'add', 'easy')).status).toBe(0);
  expect((await additionsOf(project)).upon).toEqual({ 'libc6-dev': versionOf('libc6-dev') });
  const { status, err } = await cocon(project, 'pins', 'add', 'strict');
  expect(status).toBe(1);
  expect(err).toContain(`has libc6-dev ${versionOf('libc6-dev')}, and it wants ${newer}`);
  expect((await additionsOf(project)).wanted).toEqual(['easy']);
});

test('cocon pins add refuses the directory of the toolkit and names its own way', async () => {
  const { status, err } = await cocon(REPOSITORY, 'pins', 'add', 'emacs');
  expect(status).toBe(2);
  expect(err).toContain('engine/toolchain/packages.ts');
});

/** A Debian package of one header, the same bytes each time. */
async function headerPackage(): Promise<Buffer> {
  const directory = await scratchDirectory();
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(join(tree, 'usr/include'), { recursive: true });
  const control =
    'Package: greeting-dev\nVersion: 1.0-1\nArchitecture: all\nMaintainer: none\nDescription: none\n';
  await writeFile(join(tree, 'DEBIAN/control'), control);
  const header = '#include <string>\ninline std::string greeting() { return "hello"; }\n';
  await writeFile(join(tree, 'usr/include/greeting.hpp'), header);
  const deb = join(directory, 'greeting-dev.deb');
  await promisify(execFile)('dpkg-deb', ['--build', '--root-owner-group', tree, deb], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1735689600' },
  });
  return await readFile(deb);
}

test.each([
  [
    ['g++', 'meson', 'ninja-build'],
    'meson setup build source --prefix=/usr\nmeson compile -C build\nDESTDIR=/out meson install -C build',
  ],
  [
    ['g++', 'cmake', 'ninja-build'],
    'cmake -G Ninja -S source -B build -DCMAKE_INSTALL_PREFIX=/usr\ncmake --build build\nDESTDIR=/out cmake --install build',
  ],
])(
  'a project builds C++ with %j and a package that it has pinned itself',
  async (packages, script) => {
    const deb = await headerPackage();
    await mirrorWith(archived('greeting-dev', '1.0-1', 'g++', deb));
    const project = await projectWith(
      [...packages, 'greeting-dev'],
      `${script}\ntest "$(build/greeter)" = hello\ntest "$(date +%s)" = "$SOURCE_DATE_EPOCH"`,
    );
    expect(await cocon(project, 'pins', 'add', 'greeting-dev')).toMatchObject({ status: 0 });

    // The package comes from a directory, all others from the usual cache.
    const files = await scratchDirectory();
    await writeFile(join(files, sha256Of(deb)), deb);
    vi.unstubAllEnvs();
    vi.stubEnv('COCON_SOURCES', files);
    vi.stubEnv('COCON_CACHE', (await freshCache()).root);
    const built = await cocon(project, 'build', 'own', '--target', 'greeter', '--json');
    expect(built).toMatchObject({ status: 0 });
    expect((await cocon(project, 'why', 'greeter', '-p', 'own')).out).toContain('greeter@host is up to date');
    expect((await cocon(project, 'verify', '--rebuild', 'greeter', '-p', 'own')).out).toContain('the same');
  },
  300_000,
);
