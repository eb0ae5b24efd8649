/** `cocon pins` and `cocon pin`, each a process of its own, against a mirror that has gone on. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { REPOSITORY } from '../../src/define/location.ts';
import { repositoryPins } from '../../src/pins/pins.ts';
import { writeRepositoryPins } from '../../src/pins/repository-files.ts';
import type { ArchivePackage, ArchiveSource, ArchiveState } from '../debian-archive.ts';
import { mirrorOf } from '../loopback-mirror.ts';
import { scratchDirectory } from '../support.ts';
import { archiveSource } from './pinned-archive.ts';

afterEach(() => void vi.unstubAllEnvs());

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `cocon` with the environment of this test. */
function cocon(...args: readonly string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const program = [join(REPOSITORY, 'scripts/node'), join(REPOSITORY, 'image-builder/bin/cocon.ts')];
  execFile('bash', [...program, ...args], { cwd: REPOSITORY, maxBuffer: 2 ** 26 }, (error, out, err) => {
    const status = error === null ? 0 : Number(error.code);
    resolve({ status, out, err });
  });
  return promise;
}

/** An archive with the very hashes that this repository pins, on files of a few bytes. */
const packages: readonly ArchivePackage[] = repositoryPins.toolchain.packages.map(
  ({ name, version, sha256, depends }) => {
    const file = `${name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
    const fields: Record<string, string> = depends.length === 0 ? {} : { Depends: depends.join(', ') };
    return { name, version, file: { name: file, contents: Buffer.from(name), sha256 }, fields };
  },
);
const sources: readonly ArchiveSource[] = Object.entries(repositoryPins.sources).map(([name, pin]) => ({
  name,
  version: pin.version,
  files: [pin.upstream, pin.debian].map((file) => ({ ...file, contents: Buffer.from(file.name) })),
}));

const LINUX = repositoryPins.sources['linux']?.version ?? '';
const NEWER = LINUX.replace(/\d+-1$/, '999-1');
const OTHER_BRANCH = '9.0.1-1';

/** The mirror has lost the kernel and make, and has newer ones. */
async function goneOn(): Promise<ArchiveState> {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
  const state: ArchiveState = {
    packages: packages.map((each) =>
      each.name === 'make' ? { ...each, version: `${each.version}+deb13u7` } : each,
    ),
    sources: [
      ...sources.filter(({ name }) => name !== 'linux'),
      archiveSource('linux', NEWER),
      archiveSource('linux', OTHER_BRANCH),
    ],
  };
  await mirrorOf(state);
  return state;
}

test('cocon pins check ends well where the mirror has all, and lists what it has lost', async () => {
  const state = await goneOn();
  const lost = await cocon('pins', 'check');
  expect(lost.status).toBe(1);
  expect(lost.out).toMatch(
    new RegExp(`^source +linux +${LINUX} {2}gone from the mirror; newer: ${NEWER}$`, 'm'),
  );
  expect(lost.out).toMatch(/^package +make +\S+ {2}gone from the mirror; newer: \S+\+deb13u7$/m);
  expect(lost.out).toMatch(
    /pins, 2 gone from the mirror, 0 moved by this machine, 2 with a newer point release$/m,
  );
  expect(lost.err).toContain('hint: cocon pins update');

  Object.assign(state, { packages, sources });
  const whole = await cocon('pins', 'check', '--json');
  expect(whole.status).toBe(0);
  const report = JSON.parse(whole.out) as { readonly pins: readonly Record<string, unknown>[] };
  expect(report.pins).toContainEqual({
    kind: 'source',
    name: 'linux',
    version: LINUX,
    offered: true,
    cached: false,
  });
});

test('cocon pins update --machine moves what is gone in the cache alone, and all that names a version follows', async () => {
  await goneOn();
  const before = await readFile(join(REPOSITORY, 'slices/pins.json'), 'utf8');
  const dry = await cocon('pins', 'update', '--machine', '--dry-run');
  expect(dry.out).toMatch(/^2 pins would move, in /m);
  expect(await readdir(process.env['COCON_CACHE'] ?? '')).not.toContain('pins.json');

  const moved = await cocon('pins', 'update', '--machine');
  expect(moved).toMatchObject({ status: 0 });
  expect(moved.out).toMatch(new RegExp(`^source +linux {2}${LINUX} -> ${NEWER}$`, 'm'));
  expect(await readFile(join(REPOSITORY, 'slices/pins.json'), 'utf8')).toBe(before);

  const graph = JSON.parse((await cocon('synth', 'embedded', '--json')).out) as {
    readonly nodes: readonly { readonly name: string; readonly version: string; readonly source?: unknown }[];
  };
  const linux = graph.nodes.find(({ name }) => name === 'linux');
  const version = NEWER.replace(/-1$/, '');
  expect(linux).toMatchObject({
    version,
    source: { version: NEWER, movedFrom: LINUX, files: [{ name: `linux_${version}.orig.tar.xz` }] },
    tests: [{ commands: [{ command: 'uname -r', output: `^${version.replaceAll('.', String.raw`\.`)}$` }] }],
  });
  const why = await cocon('why', 'linux');
  expect(why.out).toMatch(new RegExp(`source +linux +${LINUX} -> ${NEWER}`));
  expect(why.out).toContain("moved by the lock of this machine's cache");
  expect((await cocon('why', 'musl')).out).not.toContain('linux');
  const check = await cocon('pins', 'check');
  expect(check.status).toBe(0);
  expect(check.out).toMatch(
    new RegExp(`^source +linux +${NEWER} {2}moved by this machine from ${LINUX}$`, 'm'),
  );
});

test('cocon pins update names what would move in the repository, and only what is asked for', async () => {
  await goneOn();
  const all = JSON.parse((await cocon('pins', 'update', '--dry-run', '--json')).out) as unknown;
  expect(all).toMatchObject({ moves: [{ name: 'linux', to: NEWER }, { name: 'make' }] });
  const one = JSON.parse((await cocon('pins', 'update', 'linux', '--dry-run', '--json')).out) as unknown;
  expect(one).toEqual({ moves: [{ kind: 'source', name: 'linux', from: LINUX, to: NEWER }] });
});

test('writeRepositoryPins() writes the files as they stand in the repository', async () => {
  const { mkdir } = await import('node:fs/promises');
  const directory = await scratchDirectory();
  await mkdir(join(directory, 'slices'));
  await mkdir(join(directory, 'engine/toolchain'), { recursive: true });
  await writeRepositoryPins(repositoryPins, directory);
  for (const file of ['slices/pins.json', 'engine/toolchain/lock.json']) {
    expect(await readFile(join(directory, file), 'utf8')).toBe(
      await readFile(join(REPOSITORY, file), 'utf8'),
    );
  }
});

test('cocon pin prints a source for a definition, and names what was meant', async () => {
  await goneOn();
  const { version, upstream, debian } = repositoryPins.sources['musl'] ?? {};
  const pin = await cocon('pin', 'musl');
  expect(pin.out).toBe(
    `source: debianSource({
  package: 'musl',
  version: '${version}',
  upstream: {
    name: '${upstream?.name}',
    sha256: '${upstream?.sha256}',
  },
  debian: {
    name: '${debian?.name}',
    sha256: '${debian?.sha256}',
  },
  patched: true, // Debian's patch series is applied; false with a reason
}),
`,
  );
  const json = JSON.parse((await cocon('pin', 'musl', '--json')).out) as unknown;
  expect(json).toEqual({ package: 'musl', pin: { version, upstream, debian }, others: [] });
  const near = await cocon('pin', 'musll');
  expect([near.status, near.err]).toEqual([1, expect.stringContaining('Did you mean musl?')]);
  const binary = await cocon('pin', 'libmusl-dev');
  expect(binary.err).toContain('cocon pin musl');
});
