/** The merged tree as one tar archive for mkfs.erofs: names in byte order, hard links behind their first name. */
import type { TarEntry } from '../tar/write.ts';
import { heldAttributes } from './attributes.ts';
import { sortedChildren, type Directory, type Inode } from './inode.ts';
import type { Spool } from './spool.ts';

/** The entries of `root`; file contents come from `spool`. */
export function* treeEntries(root: Directory, spool: Spool): Generator<TarEntry> {
  yield entryOf('.', root, spool);
  yield* childEntries(root, '', new Map(), spool);
}

function* childEntries(
  directory: Directory,
  prefix: string,
  firstNames: Map<Inode, string>,
  spool: Spool,
): Generator<TarEntry> {
  for (const [name, inode] of sortedChildren(directory)) {
    const path = prefix + name;
    const first = firstNames.get(inode);
    if (first !== undefined) {
      yield { name: path, type: 'link', linkname: first, size: 0, mode: 0 };
      continue;
    }
    if (inode.type !== 'directory') firstNames.set(inode, path);
    yield entryOf(path, inode, spool);
    if (inode.type === 'directory') yield* childEntries(inode, `${path}/`, firstNames, spool);
  }
}

function entryOf(name: string, inode: Inode, spool: Spool): TarEntry {
  const { type, mode, uid, gid, mtime } = inode;
  const common = { name, type, mode, uid, gid, mtime, xattrs: heldAttributes(inode), size: 0 };
  switch (inode.type) {
    case 'file':
      return { ...common, size: inode.size, data: spool.pieces(inode.offset, inode.size) };
    case 'symlink':
      return { ...common, linkname: inode.target };
    case 'character-device':
    case 'block-device':
      return { ...common, major: inode.major, minor: inode.minor };
    case 'directory':
    case 'fifo':
      return common;
  }
}
