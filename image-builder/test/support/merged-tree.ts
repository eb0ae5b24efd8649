/** The merged tree of an image as lines of path, kind and contents, which can be compared. */
import { silentProgress } from '@cocon-os/cli';

import { DEFAULT_LIMITS } from '../../src/oci/decompress.ts';
import { openInput } from '../../src/oci/input.ts';
import { resolveImage } from '../../src/oci/resolve-image.ts';
import { unpackImage } from '../../src/oci/unpack.ts';
import { sortedChildren, type Directory, type Inode } from '../../src/tree/inode.ts';
import { Spool } from '../../src/tree/spool.ts';

/** Unpacks the image that `input` names. The root itself is the line that begins with `. `. */
export async function mergedTree(input: string): Promise<readonly string[]> {
  const source = await openInput(input);
  const spool = new Spool();
  try {
    const image = await resolveImage(source, 'amd64');
    const root = await unpackImage(source, image, spool, DEFAULT_LIMITS, silentProgress);
    return [`. ${describeInode(root, spool)}`, ...describeTree(root, '.', spool)];
  } finally {
    spool.close();
    await source.close();
  }
}

function* describeTree(directory: Directory, path: string, spool: Spool): Generator<string> {
  for (const [name, inode] of sortedChildren(directory)) {
    yield `${path}/${name} ${describeInode(inode, spool)}`;
    if (inode.type === 'directory') yield* describeTree(inode, `${path}/${name}`, spool);
  }
}

function describeInode(inode: Inode, spool: Spool): string {
  const mode = inode.mode.toString(8);
  switch (inode.type) {
    case 'file':
      return `f ${mode} ${spool.read(inode.offset, inode.size).toString('latin1')}`;
    case 'symlink':
      return `l 777 ${inode.target}`;
    case 'directory':
      return `d ${mode}`;
    case 'character-device':
    case 'block-device':
      return `${inode.type === 'block-device' ? 'b' : 'c'} ${mode} ${inode.major}:${inode.minor}`;
    case 'fifo':
      return `p ${mode}`;
  }
}
