/** What GNU tar has packed is all in the tree, byte by byte: nothing of ours has written or listed it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { makeScratch } from '@cocon-os/qemu';
import { afterAll, expect, test } from 'vitest';

import { sortedChildren, type Directory, type Inode } from '../../../image-builder/src/tree/inode.ts';
import type { Spool } from '../../../image-builder/src/tree/spool.ts';
import { seededRandom, type Random } from '../../prove/random.ts';
import { ingest } from './target.ts';

const scratch = makeScratch('contents');
afterAll(() => scratch[Symbol.dispose]());

/** By path: what can be told of a file on the disk and of one in the tree. */
type Listing = Map<string, unknown>;

/** Makes files of all kinds below a directory. */
function fill(root: string, random: Random): void {
  const directories = [root];
  const files: string[] = [];
  for (let number = 0; number < 80; number += 1) {
    const parent = directories[random.below(directories.length)] ?? root;
    const path = join(parent, `${'größe-'.repeat(random.below(4))}${number}`);
    const kind = random.below(6);
    const [file] = files.slice(random.below(files.length));
    if (kind === 0 && directories.length < 6) {
      mkdirSync(path);
      directories.push(path);
    } else if (kind === 1) {
      symlinkSync('x'.repeat(1 + random.below(99)), path);
    } else if (kind === 2) {
      execFileSync('mkfifo', [path]);
    } else if (kind === 3 && file !== undefined) {
      linkSync(file, path);
    } else {
      const bytes = new Uint8Array(random.below(4) * 512 + random.below(3));
      random.scramble(bytes);
      writeFileSync(path, bytes);
      // Its owner reads it again.
      chmodSync(path, 0o400 | random.below(0o10000));
      files.push(path);
    }
  }
}

function listed(root: string): Listing {
  const listing: Listing = new Map();
  const names = new Map<number, Set<string>>();
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const full = join(root, path);
    const file = lstatSync(full);
    const name = Buffer.from(path).toString('latin1');
    const links = names.get(file.ino) ?? new Set();
    names.set(file.ino, links.add(name));
    listing.set(name, {
      links,
      mode: file.mode & 0o7777,
      owner: [file.uid, file.gid],
      seconds: Math.floor(file.mtimeMs / 1000),
      ...(file.isDirectory() && { type: 'directory' }),
      ...(file.isFIFO() && { type: 'fifo' }),
      ...(file.isSymbolicLink() && { type: 'symlink', target: readlinkSync(full) }),
      ...(file.isFile() && { type: 'file', size: file.size, bytes: readFileSync(full).toString('hex') }),
    });
  }
  return listing;
}

function ingested(root: Directory, spool: Spool): Listing {
  const listing: Listing = new Map();
  const names = new Map<Inode, Set<string>>();
  const walk = (directory: Directory, prefix: string): void => {
    for (const [name, inode] of sortedChildren(directory)) {
      const path = `${prefix}${name}`;
      const links = names.get(inode) ?? new Set();
      names.set(inode, links.add(path));
      listing.set(path, {
        links,
        mode: inode.mode,
        owner: [inode.uid, inode.gid],
        seconds: inode.mtime.seconds,
        type: inode.type,
        ...(inode.type === 'symlink' && { target: inode.target }),
        ...(inode.type === 'file' && {
          size: inode.size,
          bytes: spool.read(inode.offset, inode.size).toString('hex'),
        }),
      });
      if (inode.type === 'directory') walk(inode, `${path}/`);
    }
  };
  walk(root, '');
  return listing;
}

test.each(
  ['gnu', 'pax', 'ustar'].flatMap((format) => [
    { format, part: 0, packed: 'plain' },
    { format, part: 1, packed: 'gzip' },
  ]),
)('ingest() keeps all of a $format archive, $packed', async ({ format, part }) => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const root = scratch.file(`${format}-${part}-${seed}`);
    mkdirSync(root);
    fill(root, seededRandom(seed));
    const options = [`--format=${format}`, '--numeric-owner', '--sort=name', '-C', root, '.'];
    const tar = execFileSync('tar', ['--create', ...options], { maxBuffer: 2 ** 24 });
    let found: Listing | undefined;
    await ingest(Buffer.concat([Buffer.of(part), part === 1 ? gzipSync(tar) : tar]), (tree, spool) => {
      found = ingested(tree, spool);
    });
    const wanted = listed(root);
    expect(wanted.size).toBeGreaterThan(60);
    expect(found).toEqual(wanted);
  }
});
