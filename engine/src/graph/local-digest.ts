/** What a local directory or file comes to in a key: its paths, modes and contents, and nothing of where or when it is. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { SlicesError } from '../errors.ts';
import { kindOf } from '../files.ts';

/** A file of a local source. */
export interface LocalFile {
  /** Relative to the source; of a source that is one file, its own name. */
  readonly path: string;
  readonly executable: boolean;
  /** For a symbolic link its target, else nothing. */
  readonly target?: string;
}

/**
 * All files, sorted by path. Nothing that could be read without an end is opened.
 *
 * @throws SlicesError `SLICE_INVALID` for a pipe, a socket or a device; and what the file system throws
 */
export async function localFiles(root: string): Promise<readonly LocalFile[]> {
  const stat = await lstat(root);
  if (stat.isFile()) return [{ path: '', executable: isExecutable(stat) }];
  if (!stat.isDirectory()) throw unreadable(root, stat);
  const files: LocalFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const full = join(entry.parentPath, entry.name);
    files.push(await localFile(full, relative(root, full)));
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function localFile(full: string, path: string): Promise<LocalFile> {
  const stat = await lstat(full);
  if (stat.isSymbolicLink()) return { path, executable: false, target: await readlink(full) };
  if (stat.isFile()) return { path, executable: isExecutable(stat) };
  throw unreadable(full, stat);
}

function isExecutable({ mode }: Stats): boolean {
  return (mode & 0o100) !== 0;
}

function unreadable(path: string, stat: Stats): SlicesError {
  return new SlicesError('SLICE_INVALID', `Cannot read ${path}: it is ${kindOf(stat)}`, {
    hint: 'Remove it, or name another place: a local source is a file, or a directory of files and links.',
    facts: { path },
  });
}

/** SHA-256, lower-case hexadecimal. Throws what {@link localFiles} throws. */
export async function localDigest(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, executable, target } of await localFiles(root)) {
    const contents = target === undefined ? await readFile(join(root, path)) : Buffer.from(target);
    const kind = target === undefined ? (executable ? 'x' : 'f') : 'l';
    hash.update(`${kind} ${JSON.stringify(path)} ${contents.length}\n`);
    hash.update(contents);
  }
  return hash.digest('hex');
}
