/** The hash tree against cryptsetup's veritysetup, which the kernel's authors wrote. */
import { mkdirSync, openSync, closeSync, ftruncateSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { writeVerityTree } from '../src/seal/verity.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
const BLOCK = 4096;

/** A sparse file of `blocks` blocks, with its number in every seventh. */
function dataFile(blocks: number): string {
  const directory = scratch('verity');
  mkdirSync(directory);
  const path = join(directory, 'data');
  const file = openSync(path, 'w');
  ftruncateSync(file, blocks * BLOCK);
  for (let block = 0; block < blocks; block += 7) writeSync(file, `block ${block}`, block * BLOCK);
  closeSync(file);
  return path;
}

describe('writeVerityTree()', () => {
  it.for([2, 3, 127, 128, 129, 255, 256, 1024, 1025, 128 * 128, 128 * 128 + 1])(
    'equals veritysetup for %i blocks',
    async (blocks) => {
      const data = dataFile(blocks);
      const tree = await writeVerityTree(data, `${data}.ours`, () => {});
      const output = await sh(
        'veritysetup format --no-superblock --salt=- --hash=sha256 --data-block-size=4096 --hash-block-size=4096 --data-blocks="$2" "$1" "$1.theirs"',
        data,
        String(blocks),
      );
      expect(output).toContain(tree.rootHash);
      const ours = readFileSync(`${data}.ours`);
      expect(ours.length).toBe(tree.sizeBytes);
      expect(readFileSync(`${data}.theirs`).equals(ours)).toBe(true);
      await sh(
        'veritysetup verify --no-superblock --salt=- --hash=sha256 --data-blocks="$2" "$1" "$1.ours" "$3"',
        data,
        String(blocks),
        tree.rootHash,
      );
    },
  );

  it.for([0, 1])('refuses %i blocks, which have no tree', async (blocks) => {
    await expect(writeVerityTree(dataFile(blocks), scratch('tree'), () => {})).rejects.toMatchObject({
      code: 'ROOTFS_TOO_SMALL',
    });
  });
});
