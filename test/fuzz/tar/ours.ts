/** What we make of an archive: its entries, and the tree that they come to. */
import { createHash } from 'node:crypto';

import { BuilderError } from '@cocon-os/image-builder';

import { scanTar, TarError, type ScannedEntry } from '../../../image-builder/src/tar/scan.ts';
import { readEntry } from '../../../image-builder/src/tree/entry.ts';
import { sortedChildren, type Directory, type Inode } from '../../../image-builder/src/tree/inode.ts';
import { MergedTree } from '../../../image-builder/src/tree/merged-tree.ts';
import type { Archive } from './generate.ts';

/** Entries, or why there are none. */
export interface OurReading {
  readonly entries: readonly ScannedEntry[];
  readonly error: string | undefined;
  /** Path to description; not there when the entries make no tree. */
  readonly tree: ReadonlyMap<string, string> | undefined;
  readonly treeError: string | undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Reads it the way that a layer is read. */
export async function ourReading({ bytes }: Archive): Promise<OurReading> {
  const entries: ScannedEntry[] = [];
  let error: string | undefined;
  try {
    await scanTar(once(bytes), (entry) => void entries.push(entry));
  } catch (thrown) {
    if (!(thrown instanceof TarError)) throw thrown;
    error = thrown.message;
  }
  if (error !== undefined) return { entries, error, tree: undefined, treeError: error };
  const merged = new MergedTree();
  merged.beginLayer('layer');
  try {
    for (const entry of entries) merged.apply(readEntry(entry, 0, 'layer'));
  } catch (thrown) {
    if (!(thrown instanceof BuilderError)) throw thrown;
    return { entries, error, tree: undefined, treeError: `${thrown.code}: ${thrown.message}` };
  }
  return { entries, error, tree: describe(merged.root, bytes), treeError: undefined };
}

function describe(root: Directory, bytes: Buffer): ReadonlyMap<string, string> {
  const found = new Map([['.', describeInode(root, bytes)]]);
  const walk = (directory: Directory, prefix: string): void => {
    for (const [name, inode] of sortedChildren(directory)) {
      found.set(prefix + name, describeInode(inode, bytes));
      if (inode.type === 'directory') walk(inode, `${prefix}${name}/`);
    }
  };
  walk(root, '');
  return found;
}

function describeInode(inode: Inode, bytes: Buffer): string {
  const common = `${inode.mode.toString(8)} ${inode.uid}:${inode.gid}`;
  switch (inode.type) {
    case 'file':
      return `file ${common} ${contentsOf(bytes.subarray(inode.offset, inode.offset + inode.size))}`;
    case 'symlink':
      return `symlink ${inode.uid}:${inode.gid} ${inode.target}`;
    case 'character-device':
    case 'block-device':
      return `${inode.type} ${common} ${inode.major}:${inode.minor}`;
    case 'directory':
    case 'fifo':
      return `${inode.type} ${common}`;
  }
}

/** A file's bytes as they are told of in a description. */
export function contentsOf(bytes: Uint8Array): string {
  return `${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}
