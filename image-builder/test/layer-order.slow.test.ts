/** Applying layers against an independent judge: umoci unpacks the same random layers, and both trees must be equal. */
import { mkdirSync } from 'node:fs';

import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import type { TarEntry } from '../src/tar/write.ts';
import { entry, file, tarOf, writeLayout } from './support/layout.ts';
import { mergedTree } from './support/merged-tree.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();

/** The same lines of what umoci unpacks; `undefined` when umoci refuses the image. */
async function umociTree(layout: string): Promise<string[] | undefined> {
  const bundle = scratch('bundle');
  try {
    await sh('umoci unpack --image "$1" "$2"', layout, bundle);
  } catch {
    return undefined;
  }
  const output = await sh(
    `cd "$1/rootfs"; find . \\( -type f -printf '%p f %m ' -exec cat {} \\; -printf '\\n' \\) -o \\( -type l -printf '%p l 777 %l\\n' \\) -o \\( -type d -printf '%p d %m\\n' \\)`,
    bundle,
  );
  return output.split('\n').filter((line) => line !== '');
}

const NAMES = ['a', 'b', 'c'];
/** Builders write names in each of these ways. */
const path = fc
  .tuple(
    fc.constantFrom('', '', '/', './', '//', '/./'),
    fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('/', '/', '//', '/./'),
  )
  .map(([front, parts, between]) => front + parts.join(between));
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
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('/', './', '.', ''), mode)
      .map(([name, bits]) => entry(name, 'directory', { mode: bits })),
  },
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
      expect(await mergedTree(layout)).toEqual(['. d 755', './d d 755', './d/new f 644 new']);
    }
  });

  it("leaves out aufs' own bookkeeping", async () => {
    const layout = scratch('layout');
    writeLayout(layout, [
      {
        tar: await tarOf([entry('.wh..wh.plnk/', 'directory'), file('.wh..wh.plnk/1.2', ''), file('a', 'a')]),
      },
    ]);
    expect(await mergedTree(layout)).toEqual(['. d 755', './a f 644 a']);
  });
});
