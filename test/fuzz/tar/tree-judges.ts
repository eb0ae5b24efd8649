/** GNU tar and umoci: what they unpack, as it lies in the file system. Both need root, for owners and device nodes. */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

import { writeLayout } from '../../../image-builder/test/support/layout.ts';
import type { Archive } from './generate.ts';
import { contentsOf } from './ours.ts';

/** Path to description, or why there is none. */
export type JudgedTree =
  | { readonly tree: ReadonlyMap<string, string>; readonly error?: undefined }
  | { readonly tree?: undefined; readonly error: string };

/** A program that unpacks archives, many at once; `place` is a directory for it alone, which is there no more afterwards. */
export type TreeJudge = (archives: readonly Archive[], place: string) => readonly JudgedTree[];

/** One shell for all: starting a program from Node.js costs more than GNU tar's work. `$1` is the number of archives. */
const UNPACK_BY_TAR = `
for ((number = 0; number < $1; number++)); do
  mkdir "$number.root"
  tar --extract --no-seek --preserve-permissions --numeric-owner --same-owner -C "$number.root" <"$number.tar" >/dev/null 2>"$number.said"
  echo $? >"$number.status"
done`;

const UNPACK_BY_UMOCI = `
for ((number = 0; number < $1; number++)); do
  umoci unpack --image "$number.image:v1" "$number.bundle" </dev/null >/dev/null 2>"$number.said"
  echo $? >"$number.status"
done`;

/** `tar --extract`; a warning counts as a refusal, because then something was not as it should be. */
export const gnuTar: TreeJudge = (archives, place) =>
  unpacked(archives, place, UNPACK_BY_TAR, {
    prepare: ({ bytes }, path) => writeFileSync(`${path}.tar`, bytes),
    root: (path) => `${path}.root`,
    complaint: (said) =>
      said
        .split('\n')
        .filter((line) => line !== '' && !HARMLESS.test(line))
        .join('; '),
  });

/** Names that are taken below the root, clocks, records that nobody uses, and what is done as we do it. */
const HARMLESS =
  /Removing leading|implausibly old|in the future|Ignoring unknown extended header keyword|Substituting|contiguous files as regular/;

/** `umoci unpack` of an image with that one layer. */
export const umoci: TreeJudge = (archives, place) =>
  unpacked(archives, place, UNPACK_BY_UMOCI, {
    prepare: ({ bytes }, path) => writeLayout(`${path}.image`, [{ tar: bytes }], { reference: 'v1' }),
    root: (path) => join(`${path}.bundle`, 'rootfs'),
    complaint: () => '',
  });

interface Program {
  /** Writes what the script reads; `path` is that of the archive's number. */
  readonly prepare: (archive: Archive, path: string) => void;
  /** Where the tree lies. */
  readonly root: (path: string) => string;
  /** What the program has against an archive though its status is 0. */
  readonly complaint: (said: string) => string;
}

function unpacked(
  archives: readonly Archive[],
  place: string,
  script: string,
  { prepare, root, complaint }: Program,
): readonly JudgedTree[] {
  mkdirSync(place, { recursive: true });
  try {
    const paths = archives.map((_, number) => join(place, String(number)));
    for (const [number, archive] of archives.entries()) prepare(archive, paths[number] ?? '');
    execFileSync('bash', ['--norc', '-c', script, 'bash', String(archives.length)], {
      cwd: place,
      env: ENVIRONMENT,
    });
    return paths.map((path) => {
      const said = readFileSync(`${path}.said`, 'latin1');
      if (readFileSync(`${path}.status`, 'latin1').trim() !== '0') return { error: said.trim() || 'no word' };
      const error = complaint(said);
      return error === '' ? { tree: describe(root(path)) } : { error };
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

function describe(root: string): ReadonlyMap<string, string> {
  const top = Buffer.from(root);
  const found = new Map<string, string>([['.', describeFile(top, lstatSync(top))]]);
  const walk = (directory: Buffer, prefix: string): void => {
    for (const name of readdirSync(directory, 'buffer')) {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const key = prefix + name.toString('latin1');
      const stats = lstatSync(path);
      found.set(key, describeFile(path, stats));
      if (stats.isDirectory()) walk(path, `${key}/`);
    }
  };
  walk(top, '');
  return found;
}

function describeFile(path: Buffer, stats: Stats): string {
  const owner = `${stats.uid}:${stats.gid}`;
  const common = `${(stats.mode & 0o7777).toString(8)} ${owner}`;
  if (stats.isFile()) return `file ${common} ${contentsOf(readFileSync(path))}`;
  if (stats.isSymbolicLink()) return `symlink ${owner} ${readlinkSync(path, 'latin1')}`;
  if (stats.isDirectory()) return `directory ${common}`;
  if (stats.isFIFO()) return `fifo ${common}`;
  const device = `${(stats.rdev >> 8) & 0xfff}:${(stats.rdev & 0xff) | ((stats.rdev >> 12) & 0xfff00)}`;
  return `${stats.isBlockDevice() ? 'block-device' : 'character-device'} ${common} ${device}`;
}
