/** Applying layers against an independent judge: umoci unpacks the same random layers, and both trees must be equal. */
import { mkdirSync } from 'node:fs';

import { silentProgress } from '@cocon-os/cli';
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { DEFAULT_LIMITS } from '../src/oci/decompress.ts';
import { openInput } from '../src/oci/input.ts';
import { resolveImage } from '../src/oci/resolve-image.ts';
import { unpackImage } from '../src/oci/unpack.ts';
import type { TarEntry } from '../src/tar/write.ts';
import { sortedChildren, type Directory, type Inode } from '../src/tree/inode.ts';
import { Spool } from '../src/tree/spool.ts';
import { entry, file, tarOf, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();

/** The merged tree as lines of path, kind and contents. */
async function mergedTree(layout: string): Promise<string[]> {
  const source = await openInput(`oci:${layout}`);
  const spool = new Spool();
  try {
    const image = await resolveImage(source, 'amd64');
    return [
      ...describeTree(await unpackImage(source, image, spool, DEFAULT_LIMITS, silentProgress), '.', spool),
    ];
  } finally {
    spool.close();
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
  if (inode.type === 'file') return `f ${mode} ${spool.read(inode.offset, inode.size).toString()}`;
  return inode.type === 'symlink' ? `l 777 ${inode.target}` : `d ${mode}`;
}

/** The same lines of what umoci unpacks; `undefined` when umoci refuses the image. */
async function umociTree(layout: string): Promise<string[] | undefined> {
  const bundle = scratch('bundle');
  try {
    await sh('umoci unpack --image "$1" "$2"', layout, bundle);
  } catch {
    return undefined;
  }
  const output = await sh(
    `cd "$1/rootfs"; find . -mindepth 1 \\( -type f -printf '%p f %m ' -exec cat {} \\; -printf '\\n' \\) -o \\( -type l -printf '%p l 777 %l\\n' \\) -o \\( -type d -printf '%p d %m\\n' \\)`,
    bundle,
  );
  return output.split('\n').filter((line) => line !== '');
}

const NAMES = ['a', 'b', 'c'];
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const mode = fc.constantFrom(0o755, 0o700, 0o1777);

const layerEntry: fc.Arbitrary<TarEntry> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(path, fc.nat(9)).map(([name, digit]) => file(name, `text${digit}`)) },
  {
    weight: 4,
    arbitrary: fc.tuple(path, mode).map(([name, bits]) => entry(`${name}/`, 'directory', { mode: bits })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(path, fc.constantFrom('a', 'b/c', '/b', 'c'))
      .map(([name, linkname]) => entry(name, 'symlink', { linkname })),
  },
  { weight: 1, arbitrary: fc.tuple(path, path).map(([name, linkname]) => entry(name, 'link', { linkname })) },
  { weight: 3, arbitrary: path.map((name) => file(name.replace(/(^|\/)(\w)$/, '$1.wh.$2'), '')) },
  { weight: 1, arbitrary: path.map((name) => file(`${name}/.wh..wh..opq`, '')) },
);

describe('unpackImage()', () => {
  it('merges random layers as umoci unpack does', async () => {
    const images = fc.array(fc.array(layerEntry, { minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(images, async (layers) => {
        const layout = scratch('layout');
        mkdirSync(layout);
        const tars = await Promise.all(layers.map((entries) => tarOf(entries)));
        writeLayout(
          layout,
          tars.map((tar) => ({ tar })),
          { reference: 'v1' },
        );
        const expected = await umociTree(`${layout}:v1`);
        // umoci refuses what no file system can hold, and so do we; which of both is stricter is not the point here.
        fc.pre(expected !== undefined);
        expect((await mergedTree(`${layout}:v1`)).toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 30 },
    );
  });

  it('spares what a whiteout finds in its own layer, whatever the order', async () => {
    const lower = await tarOf([entry('d/', 'directory'), file('d/old', 'old')]);
    const upper = [file('d/new', 'new'), file('.wh.d', ''), file('d/.wh..wh..opq', '')];
    for (const entries of [upper, upper.toReversed()]) {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: lower }, { tar: await tarOf(entries) }]);
      expect(await mergedTree(layout)).toEqual(['./d d 755', './d/new f 644 new']);
    }
  });

  it("leaves out aufs' own bookkeeping", async () => {
    const layout = scratch('layout');
    writeLayout(layout, [
      {
        tar: await tarOf([entry('.wh..wh.plnk/', 'directory'), file('.wh..wh.plnk/1.2', ''), file('a', 'a')]),
      },
    ]);
    expect(await mergedTree(layout)).toEqual(['./a f 644 a']);
  });
});
