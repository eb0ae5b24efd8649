/**
 * A directory of many entries takes about the time of the same entries in many directories. erofs-utils
 * 1.8.6 as Debian has it takes time in proportion to the square of the number (slices/erofs-utils/directory-lookup.patch).
 */
import { rmSync } from 'node:fs';

import { silentProgress } from '@cocon-os/cli';
import { expect, it } from 'vitest';

import { findMkfsErofs } from '../src/find-tools.ts';
import { writeErofs } from '../src/seal/erofs.ts';
import { emptyDirectory, type Directory, type Inode } from '../src/tree/inode.ts';
import { Spool } from '../src/tree/spool.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();
const ENTRIES = 20_000;
const IN_EACH = 100;
/** Of the better of so many runs: whatever else the machine does only ever slows one down. */
const RUNS = 3;
const COMPRESSION = { algorithm: 'none', clusterBytes: 4096 } as const;

function directoryOf(inodes: readonly Inode[]): Directory {
  const names = inodes.map(
    (inode, index) => [`entry-${String(index).padStart(6, '0')}`, { inode, layer: 1 }] as const,
  );
  return { ...emptyDirectory(), children: new Map(names) };
}

/** All in one directory, or in directories of a hundred each. */
function spread(inodes: readonly Inode[], inEach: number): Directory {
  const count = Math.ceil(inodes.length / inEach);
  return directoryOf(
    Array.from({ length: count }, (_, index) =>
      directoryOf(inodes.slice(index * inEach, (index + 1) * inEach)),
    ),
  );
}

/** Milliseconds that the image of `root` takes. */
async function time(root: Directory, spool: Spool): Promise<number> {
  const program = await findMkfsErofs();
  const output = scratch('image.erofs');
  const began = performance.now();
  await writeErofs(program, root, spool, COMPRESSION, output, silentProgress);
  const taken = performance.now() - began;
  rmSync(output);
  return taken;
}

const file = (): Inode => ({ ...emptyDirectory(), type: 'file', offset: 0, size: 1 });

it.for([
  ['files', () => Array.from({ length: ENTRIES }, file)],
  ['directories', () => Array.from({ length: ENTRIES }, () => directoryOf([file()]))],
  ['hard links', () => Array.from({ length: ENTRIES / 2 }, file).flatMap((each) => [each, each])],
] as const)(
  'an image of many %s in one directory takes about the time of as many in many directories',
  async ([what, make]) => {
    const spool = new Spool();
    spool.append(Buffer.from('x'));
    const [one, many]: [number[], number[]] = [[], []];
    for (let run = 0; run < RUNS; run += 1) {
      one.push(await time(spread(make(), ENTRIES), spool));
      many.push(await time(spread(make(), IN_EACH), spool));
    }
    spool.close();
    const ratio = Math.min(...one) / Math.min(...many);
    process.stdout.write(`${what}: in one directory ${ratio.toFixed(2)} times as long as in many\n`);
    expect(ratio).toBeLessThan(1.7);
  },
);
