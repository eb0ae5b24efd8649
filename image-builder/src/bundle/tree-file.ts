/** Reads small files of the merged tree the way a program in the container would find them: symbolic links are followed. */
import type { Directory, RegularFile } from '../tree/inode.ts';
import { resolveDirectory } from '../tree/resolve.ts';
import type { Spool } from '../tree/spool.ts';

const MAX_LINKS = 40;
/** Larger ones are not read: no table of accounts is. */
const MAX_BYTES = 2 ** 20;

/** The text of the file at the absolute path `path`, or nothing when it is no regular file of at most 1 MiB. */
export function readTreeFile(root: Directory, spool: Spool, path: string): string | undefined {
  const file = findFile(root, path);
  if (file === undefined || file.size > MAX_BYTES) return undefined;
  return spool.read(file.offset, file.size).toString('utf8');
}

function findFile(root: Directory, path: string): RegularFile | undefined {
  let at = path;
  for (let followed = 0; followed <= MAX_LINKS; followed += 1) {
    const parts = at.split('/');
    const directory = resolveDirectory(root, parts.slice(0, -1))?.directory;
    const inode = directory?.children.get(parts.at(-1) ?? '')?.inode;
    if (inode?.type === 'file') return inode;
    if (inode?.type !== 'symlink') return undefined;
    at = inode.target.startsWith('/') ? inode.target : [...parts.slice(0, -1), inode.target].join('/');
  }
  return undefined;
}
