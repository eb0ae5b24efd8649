/**
 * Extended attributes that a root file system can hold. Archives have others as well: bsdtar and
 * Docker Desktop on macOS write `com.apple.provenance` with every file. Docker, containerd and
 * umoci leave those out too, because Linux answers EOPNOTSUPP.
 */
import { readable } from '../tar/pax.ts';
import { sortedChildren, type Directory, type Inode, type Metadata } from './inode.ts';

/** The name spaces of Linux (xattr(7)), of `system` what file systems on disks have. */
const NAMES = /^(?:(?:user|trusted|security)\..|system\.posix_acl_(?:access|default)$)/s;
/** XATTR_NAME_MAX of linux/limits.h. */
const MAX_NAME_BYTES = 255;
/** How many names are listed for people. */
const MAX_LISTED = 5;

/** Those of an inode's attributes that can be held. */
export function heldAttributes({ xattrs }: Metadata): Metadata['xattrs'] {
  return new Map([...xattrs].filter(([name]) => isHeld(name)));
}

/** What of the attributes below `root` cannot be held, for people: nothing, or one text. */
export function foreignAttributes(root: Directory): readonly string[] {
  const names = new Set<string>();
  collect(root, names);
  const listed = [...names].toSorted().map((name) => readable(name.slice(0, MAX_NAME_BYTES)));
  if (listed.length === 0) return [];
  const more = listed.length > MAX_LISTED ? ` and ${listed.length - MAX_LISTED} more` : '';
  return [
    `the extended attribute${listed.length === 1 ? '' : 's'} ${listed.slice(0, MAX_LISTED).join(', ')}${more}`,
  ];
}

function collect(inode: Inode, names: Set<string>): void {
  for (const name of inode.xattrs.keys()) if (!isHeld(name)) names.add(name);
  if (inode.type !== 'directory') return;
  for (const [, child] of sortedChildren(inode)) collect(child, names);
}

function isHeld(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && NAMES.test(name);
}
