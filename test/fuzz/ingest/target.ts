/** What must hold for every image: a sound tree, or an error of ours with a code and a way out. */
import { silentProgress } from '@cocon-os/cli';
import { BuilderError } from '@cocon-os/image-builder';

import { resolveImage } from '../../../image-builder/src/oci/resolve-image.ts';
import { unpackImage } from '../../../image-builder/src/oci/unpack.ts';
import type { Directory } from '../../../image-builder/src/tree/inode.ts';
import { Spool } from '../../../image-builder/src/tree/spool.ts';
import { imageOf } from './image.ts';

const LIMITS = { totalBytes: 2 ** 20, ratio: 200, entries: 1000 };

/** Ingests an image. Rejects when something does not hold. `look` is shown the tree, if there is one. */
export async function ingest(
  input: Uint8Array,
  look: (root: Directory, spool: Spool) => void = () => {},
): Promise<void> {
  const spool = new Spool();
  try {
    const source = imageOf(input);
    const image = await resolveImage(source, 'amd64');
    const root = await unpackImage(source, image, spool, LIMITS, silentProgress);
    checkTree(root, spool);
    look(root, spool);
  } catch (thrown) {
    if (!(thrown instanceof BuilderError)) throw thrown;
    if (thrown.hint === undefined) throw new Error(`${thrown.code} has no hint`, { cause: thrown });
  } finally {
    spool.close();
  }
}

function checkTree(root: Directory, spool: Spool): void {
  const open: Directory[] = [root];
  const seen = new Set<Directory>();
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    if (seen.has(directory)) throw new Error('a directory is in the tree twice');
    seen.add(directory);
    for (const [name, { inode }] of directory.children) {
      if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
        throw new Error(`a file is called ${JSON.stringify(name)}`);
      if (inode.type === 'directory') open.push(inode);
      if (inode.type === 'file' && (inode.size < 0 || inode.offset + inode.size > spool.size))
        throw new Error(`the contents of ${JSON.stringify(name)} lie outside the image`);
    }
  }
}
