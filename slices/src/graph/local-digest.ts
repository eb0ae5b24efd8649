/** What a local directory or file comes to in a key: its paths, modes and contents, and nothing of where or when it is. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of a local source. */
export interface LocalFile {
  /** Relative to the source; of a source that is one file, its own name. */
  readonly path: string;
  readonly executable: boolean;
  /** For a symbolic link its target, else nothing. */
  readonly target?: string;
}

/** All files, sorted by path. Throws what the file system throws. */
export async function localFiles(root: string): Promise<readonly LocalFile[]> {
  const stat = await lstat(root);
  if (stat.isFile()) return [{ path: '', executable: (stat.mode & 0o100) !== 0 }];
  const files: LocalFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(root.length + 1);
    const { mode } = await lstat(full);
    files.push(
      entry.isSymbolicLink()
        ? { path, executable: false, target: await readlink(full) }
        : { path, executable: (mode & 0o100) !== 0 },
    );
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** SHA-256, lower-case hexadecimal. Throws what the file system throws. */
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
