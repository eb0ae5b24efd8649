import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { excessOf, lastKept, noteKept } from '../../src/engine/sealed-size.ts';
import { scratchDirectory } from '../support.ts';

const MIB = 2 ** 20;

describe('excessOf()', () => {
  const slices = [
    { node: 'linux', fileBytes: 3 * MIB },
    { node: 'crun', fileBytes: MIB },
    { node: 'new', fileBytes: 512 },
  ];
  const now = { sealedBytes: 7 * MIB, slices };

  test('says nothing when the budget is kept', () => {
    expect(excessOf(now, 7 * MIB, undefined)).toBeUndefined();
  });

  test('names what grew since the budget was kept, the most first', () => {
    const before = {
      sealedBytes: 5 * MIB,
      slices: [
        { node: 'linux', fileBytes: 3 * MIB },
        { node: 'crun', fileBytes: MIB / 2 },
      ],
    };
    expect(excessOf(now, 6 * MIB, before)).toMatchInlineSnapshot(`
      "7 MiB sealed, 1 MiB over the budget of 6 MiB
      since 5 MiB were sealed, which kept it, there grew (before compression):
        crun: 512 KiB, now 1 MiB (+512 KiB)
        new: 0 B, now 512 B (+512 B)"
    `);
  });

  test.each([
    ['nothing is noted', undefined, 'no build is noted that kept it'],
    [
      'nothing has grown, but the budget',
      { ...now, sealedBytes: 7 * MIB },
      'nothing has grown since a build that kept it',
    ],
  ])('names the largest when %s', (_, before, why) => {
    expect(excessOf(now, 6 * MIB, before)?.split('\n')).toEqual([
      '7 MiB sealed, 1 MiB over the budget of 6 MiB',
      `${why}; the largest slices, before compression:`,
      '  linux: 3 MiB',
      '  crun: 1 MiB',
      '  new: 512 B',
    ]);
  });
});

describe('lastKept()', () => {
  test('reads what was noted', async () => {
    const path = join(await scratchDirectory(), 'a.json');
    const size = { sealedBytes: 1, slices: [{ node: 'a', fileBytes: 1 }], key: 'k' };
    await noteKept(path, size);
    await expect(lastKept(path)).resolves.toEqual(size);
  });

  test.for([
    '',
    '{',
    '[]',
    'null',
    '{"sealedBytes":"1","slices":[]}',
    '{"sealedBytes":1,"slices":[{"node":1}]}',
  ])('takes %j for nothing', async (text) => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'a.json'), text);
    await expect(lastKept(join(directory, 'a.json'))).resolves.toBeUndefined();
  });

  test('takes no file for nothing', async () => {
    await expect(lastKept('/nothing')).resolves.toBeUndefined();
  });
});
