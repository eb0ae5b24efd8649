/**
 * Equal input gives equal bytes on any host: here on one where every variable and configuration file that the called
 * programs know says something else, and the clock is wrong.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { makeScratch } from '@cocon-os/qemu';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';

import { hostileEnvironment } from '../../cli/test/hostile.ts';
import { MKE2FS_CONFIGURATION, writeDataPartition } from '../src/disk/data-partition.ts';
import { writeEsp } from '../src/disk/esp.ts';
import { UuidSource } from '../src/disk/uuid.ts';
import { findMkfsErofs } from '../src/find-tools.ts';
import { cocon } from './support/cocon.ts';
import { entry, file, tarOf, writeLayout } from './support/layout.ts';
import { makeLoader, makePe } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const PROGRAM = join(import.meta.dirname, '../bin/cocon.ts');
const MIB = 2 ** 20;
const scratch = scratchDirectory();

/** Other blocks, inodes, features and journal than anybody's defaults. */
const OTHER_MKE2FS = `
[defaults]
base_features = sparse_super,filetype,dir_index,ext_attr
blocksize = 1024
inode_size = 128
inode_ratio = 65536
reserved_ratio = 0
errors = panic
hash_alg = tea
[fs_types]
ext4 = {
	features = has_journal,extent
}
`;
const OTHER_MTOOLS = 'mtools_lower_case=1\nmtools_no_vfat=1\nmtools_name_numeric_tail=0\n';

/** A clock that is years ahead. */
const LATER = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#define YEARS 400000000
int clock_gettime(clockid_t which, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(which, now);
  if (status == 0 && which == CLOCK_REALTIME) now->tv_sec += YEARS;
  return status;
}
time_t time(time_t *into) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (into) *into = now.tv_sec;
  return now.tv_sec;
}
`;

function hostile(): NodeJS.ProcessEnv {
  return {
    ...hostileEnvironment(home),
    TMPDIR: join(home, 'temporary files'),
    PATH: `.:${process.env['PATH'] ?? ''}`,
    LD_PRELOAD: join(home, 'later.so'),
  };
}

/** A shell script that runs cocon, once on each host, and what it is about. */
const SCRIPT = `
umask "$UMASK"
cd "$1"
node=$2 program=$3 out=$4
run() { "$node" --disable-warning=ExperimentalWarning "$program" "$@"; }
run seal image --key release.key --release-version 1 -o "$out/os.oci"
run image "$out/os.oci" --trusted-key release.pub --loader loader.efi -o "$out/disk.img"
run bundle app --name app -o "$out/app.erofs"
`;

let workplace: string;
let home: string;
let mkfs: string;

beforeAll(async () => {
  mkfs = await findMkfsErofs();
  workplace = scratch('workplace');
  mkdirSync(workplace);
  writeFileSync(join(workplace, 'loader.efi'), makeLoader());
  const kernel = makePe({ sections: { '.text': Buffer.alloc(MIB, 'kernel') } });
  const mtime = { seconds: 1_600_000_000, nanoseconds: 5 };
  const tree = [entry('etc/', 'directory'), file('etc/ünïcode', Buffer.alloc(100_000, 'abc'), { mtime })];
  writeLayout(join(workplace, 'image'), [
    { tar: await tarOf([file('boot/vmlinuz', kernel, { mtime })]) },
    { tar: await tarOf(tree), compression: 'gzip' },
  ]);
  const app = [entry('bin/', 'directory'), file('bin/app', Buffer.from('x'), { mode: 0o755, mtime })];
  writeLayout(join(workplace, 'app'), [{ tar: await tarOf(app) }], { execution: { Cmd: ['/bin/app'] } });
  await cocon(workplace, 'keygen', 'release');

  home = scratch('home');
  for (const name of ['.config/git', '.cargo', 'temporary files'])
    mkdirSync(join(home, name), { recursive: true });
  writeFileSync(join(home, 'mke2fs.conf'), OTHER_MKE2FS);
  writeFileSync(join(home, '.mtoolsrc'), OTHER_MTOOLS);
  writeFileSync(join(home, 'later.c'), LATER);
  await sh('gcc -shared -fPIC -o "$1/later.so" "$1/later.c" -ldl', home);
  // Found first where PATH begins with the current directory.
  for (const name of ['mkfs.ext4', 'mkfs.vfat', 'mmd', 'mcopy', 'sfdisk', 'flock']) {
    writeFileSync(join(workplace, name), '#!/bin/sh\nexit 66\n');
    chmodSync(join(workplace, name), 0o755);
  }
});

afterEach(() => vi.unstubAllEnvs());

/** Digests of what the script makes, by name. `host` are arguments of bubblewrap. */
async function made(
  environment: NodeJS.ProcessEnv,
  umask: string,
  host: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const out = scratch('out');
  mkdirSync(out);
  const script = ['bash', '-euo', 'pipefail', '-c', SCRIPT, 'sh', workplace, process.execPath, PROGRAM, out];
  await promisify(execFile)('bwrap', ['--dev-bind', '/', '/', ...host, ...script], {
    env: { ...environment, UMASK: umask, COCON_MKFS_EROFS: mkfs },
  });
  return Object.fromEntries(readdirSync(out).map((name) => [name, digestOf(readFileSync(join(out, name)))]));
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('seal, image and bundle give the same bytes on a host where everything is set to something else', async () => {
  const plain = await made(process.env, '022', []);
  expect(Object.keys(plain).toSorted()).toEqual(['app.erofs', 'disk.img', 'os.oci']);
  const files = [
    ['mke2fs.conf', '/etc/mke2fs.conf'],
    ['.mtoolsrc', '/etc/mtools.conf'],
  ].filter(([, place = '']) => existsSync(place));
  const host = files.flatMap(([name = '', place = '']) => ['--ro-bind', join(home, name), place]);
  expect(await made({ ...process.env, ...hostile() }, '077', host)).toEqual(plain);
});

test('a loader with a long name keeps it, whatever mtools is told', async () => {
  const madeEsp = async (): Promise<{ listing: string; digest: string }> => {
    using files = makeScratch('esp');
    const output = files.file('esp');
    await writeEsp(output, 16 * MIB, makeLoader(), 'riscv64', Uint8Array.of(1, 2, 3, 4), files);
    return { listing: await sh('mdir -b -/ -i "$1" ::', output), digest: digestOf(readFileSync(output)) };
  };
  const { listing, digest } = await madeEsp();
  expect(listing).toContain('::/EFI/BOOT/BOOTRISCV64.EFI');
  for (const [name, value] of Object.entries(hostileEnvironment(home))) {
    if (/^MTOOLS|^HOME$|^SOURCE|^L/.test(name)) vi.stubEnv(name, value);
  }
  expect((await madeEsp()).digest).toBe(digest);
});

test('the data partition has the features of our mke2fs.conf and no other', async () => {
  using files = makeScratch('data');
  const output = files.file('data');
  await writeDataPartition(output, 64 * MIB, new UuidSource(Buffer.alloc(32)), files);
  const facts = await sh('LC_ALL=C dumpe2fs -h "$1" 2>/dev/null', output);
  const valueOf = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(facts)?.[1] ?? '';
  const wanted = [...MKE2FS_CONFIGURATION.matchAll(/features = (.*)/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  expect(valueOf('Filesystem features').split(' ').toSorted()).toEqual(wanted.toSorted());
  expect(['Block size', 'Inode size', 'Inode count', 'Errors behavior'].map(valueOf)).toEqual([
    '4096',
    '256',
    '16384',
    'Continue',
  ]);
});
