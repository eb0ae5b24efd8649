/** Finds directories of the merged tree the way a running system would: symbolic links are followed, inside the image. */
import { readable } from '../tar/pax.ts';
import { escapes, invalid, type Path } from './entry.ts';
import { emptyDirectory, type Directory, type Link } from './inode.ts';

const MAX_LINKS = 255;

/** A directory found, and the links on the way to it from the root. */
export interface Resolved {
  readonly directory: Directory;
  readonly chain: readonly Link[];
}

/**
 * Walks `path` from `root`. With `create` (a layer's number), directories that are missing are made, also in the place of
 * what a lower layer has that is no directory; without it a missing one gives `undefined`. Throws `LAYER_ESCAPES` when a
 * link climbs above the root, `LAYER_ENTRY_INVALID` when a file of the same layer is in the way. Without a layer's name the
 * tree is finished, and it is looked into as the kernel does: above the root is the root, and a loop leads nowhere.
 */
export function resolveDirectory(root: Directory, path: Path, layer: string, create: number): Resolved;
export function resolveDirectory(root: Directory, path: Path, layer?: string): Resolved | undefined;
export function resolveDirectory(
  root: Directory,
  path: Path,
  layer?: string,
  create?: number,
): Resolved | undefined {
  const chain: Link[] = [];
  const pending = [...path].toReversed();
  const name = path.join('/');
  let followed = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (chain.length === 0 && layer !== undefined)
        throw escapes(name, 'a symbolic link on its way climbs above the root', layer);
      chain.pop();
      continue;
    }
    const parent = top(root, chain);
    let link = parent.children.get(part);
    if (create !== undefined && (link === undefined || isReplaced(link, create))) {
      link = { inode: emptyDirectory(), layer: create };
      parent.children.set(part, link);
    }
    if (link === undefined) return undefined;
    const { inode } = link;
    if (inode.type === 'symlink') {
      followed += 1;
      if (followed > MAX_LINKS) {
        if (layer === undefined) return undefined;
        throw invalid('one behind a loop of symbolic links', name, layer);
      }
      if (inode.target.startsWith('/')) chain.length = 0;
      pending.push(...inode.target.split('/').toReversed());
    } else if (inode.type === 'directory') {
      chain.push(link);
    } else if (create === undefined || layer === undefined) {
      return undefined;
    } else {
      throw invalid(
        `one below "${readable(part)}", which the same layer has as a ${inode.type}`,
        name,
        layer,
      );
    }
  }
  return { directory: top(root, chain), chain };
}

/** Whether an entry below it makes a directory of it. What a link leads to counts, not the link. */
function isReplaced({ inode, layer }: Link, create: number): boolean {
  return inode.type !== 'directory' && inode.type !== 'symlink' && layer < create;
}

function top(root: Directory, chain: readonly Link[]): Directory {
  const inode = chain.at(-1)?.inode;
  return inode?.type === 'directory' ? inode : root;
}
