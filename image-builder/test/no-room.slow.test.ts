/** Disks that are too small: tmpfs in a mount namespace, which go with the process. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';

import { findMkfsErofs } from '../src/find-tools.ts';
import { mustRun } from './support/cocon.ts';
import { entry, file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';

const ROOT = join(import.meta.dirname, '../..');
const scratch = scratchDirectory();
let place: string;
let mkfs: string;

/** Prints what is left on the disk after the command, behind what the command said. */
const SCRIPT = `
cd "$1"
mkdir -p small out
mount -t tmpfs -o "$2" none small
mount -t tmpfs -o "$3" none out
bash "$4/scripts/node" "$4/image-builder/bin/cocon.ts" "\${@:5}" 2>&1 && echo "exit 0" || echo "exit $?"
find small out -mindepth 1
`;

interface Disks {
  readonly temporary?: string;
  readonly output?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

async function run(disks: Disks, ...args: readonly string[]): Promise<string> {
  const { temporary = 'size=64m', output = 'size=64m', environment = {} } = disks;
  const { stdout } = await promisify(execFile)(
    'unshare',
    [
      '--user',
      '--map-root-user',
      '--mount',
      'bash',
      '-euc',
      SCRIPT,
      'bash',
      place,
      temporary,
      output,
      ROOT,
      ...args,
    ],
    { env: { ...process.env, TMPDIR: join(place, 'small'), COCON_MKFS_EROFS: mkfs, ...environment } },
  );
  return stdout;
}

beforeAll(async () => {
  mkfs = await findMkfsErofs();
  place = scratch('place');
  mkdirSync(place);
  const ballast = await tarOf([
    entry('bin/', 'directory'),
    file('bin/app', randomBytes(8_000_000), { mode: 0o755 }),
  ]);
  writeLayout(join(place, 'os'), [{ tar: await kernelLayer() }, { tar: ballast }]);
  writeLayout(join(place, 'app'), [{ tar: ballast }], { execution: { Cmd: ['/bin/app'] } });
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(place, 'release.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await mustRun(place, 'keygen', 'loader');
  await mustRun(place, 'seal', 'oci:os', '--key', 'loader.key', '-o', 'os.oci');
  await mustRun(place, 'image', 'os.oci', '--trusted-key', 'loader.pub', '-o', 'os.img');
});

const SEAL = ['seal', 'oci:os', '--key', 'release.key', '-o', 'out/os.oci'] as const;
const IMAGE = ['image', 'os.oci', '--trusted-key', 'loader.pub', '-o', 'out/os.img'] as const;
const BUNDLE = ['bundle', 'oci:app', '-o', 'out/app.erofs'] as const;

describe('a disk without room is named, with the way out, and nothing is left on it', () => {
  it.each<readonly [string, readonly string[], Disks, string, RegExp]>([
    ['TMPDIR, for the layers', SEAL, { temporary: 'size=3m' }, 'small', /is full \(3 MiB, 0 B free\)/],
    [
      'TMPDIR, for the root file system',
      SEAL,
      { temporary: 'size=11m' },
      'small',
      /is full \(11 MiB, 0 B free\)/,
    ],
    ['TMPDIR, without a name left', SEAL, { temporary: 'nr_inodes=2' }, 'small', /its 2 inodes are used up/],
    [
      'TMPDIR, without any name left',
      SEAL,
      { temporary: 'nr_inodes=1' },
      'small',
      /its 1 inodes are used up/,
    ],
    ['the output of seal', SEAL, { output: 'size=3m' }, 'out', /is full \(3 MiB, 0 B free\)/],
    ['TMPDIR, for the layers of a bundle', BUNDLE, { temporary: 'size=3m' }, 'small', /is full/],
    ['the output of bundle', BUNDLE, { output: 'size=3m' }, 'out', /is full \(3 MiB, 0 B free\)/],
    [
      'TMPDIR, for the boot partition',
      IMAGE,
      { temporary: 'size=40k' },
      'small',
      /is full \(40 KiB, 0 B free\)/,
    ],
    [
      'TMPDIR, for what inspect looks at',
      ['inspect', 'os.img'],
      { temporary: 'size=40k' },
      'small',
      /is full/,
    ],
    ['the output of image', IMAGE, { output: 'size=3m' }, 'out', /is full \(3 MiB, 0 B free\)/],
    [
      'the output of keygen',
      ['keygen', 'out/release'],
      { output: 'nr_inodes=1' },
      'out',
      /inodes are used up/,
    ],
  ])('%s', async (_, args, disks, where, why) => {
    const said = await run(disks, ...args);
    expect(said).toMatch(/\[DISK_FULL\]\nhint: Make room there, or .*\nexit 1\n$/);
    expect(said).toMatch(why);
    expect(said).toContain(join(place, where));
    expect(said).not.toMatch(/draft|chksum|Bad message|INTERNAL|\n +at /);
  });
});

describe('TMPDIR', () => {
  it.each([
    ['is not there', '/proc/nonexistent', 'ENOENT'],
    ['is a file', join(ROOT, 'package.json'), 'ENOTDIR'],
  ])('that %s is named', async (_, directory, errno) => {
    const said = await run({ environment: { TMPDIR: directory } }, ...SEAL);
    expect(said).toContain(`Cannot write temporary files in ${directory} (TMPDIR): ${errno}`);
    expect(said).toMatch(/\[SCRATCH_FAILED\]\nhint: Set TMPDIR to .*\nexit 1\n$/);
  });
});

it('an empty COCON_MKFS_EROFS is none', async () => {
  const said = await run({ environment: { COCON_MKFS_EROFS: '' } }, ...BUNDLE);
  expect(said).toContain('exit 0');
});
