/** The laws of FORMAT.md §13: whatever cites a law by number names one that stands there. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { CANARIES } from '../prove/canaries.ts';
import { STATE_CANARIES } from '../prove/states/canaries.ts';
import { LAWS } from '../prove/violation.ts';
import { ROOT } from '../support/releases.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The rows of the table: number and name. */
const rows = [
  ...(read('sdfs/FORMAT.md').split('\n## 13. Laws\n')[1] ?? '').matchAll(/^\| (\d+) \| ([^|]+) \|/gm),
];
const laws: ReadonlyMap<string, string> = new Map(rows.map(([, number = '', name = '']) => [number, name]));

const files = globSync(
  '{*.md,{bootloader,cli,docs,engine,image-builder,native,qemu,sdfs,slices,test,updater}/**/*.{md,ts,rs}}',
  {
    cwd: ROOT,
    exclude: (path) => /(?:^|\/)(?:node_modules|target|out|generated)$/.test(path),
  },
);
/** Every `Law N`, `laws N and M`: the file and the numbers. */
const citations = files.flatMap((path) =>
  [...read(path).matchAll(/\b[Ll]aws? (\d+(?:(?:, | and )\d+)*)\b/g)].map(([, numbers = '']) => ({
    path,
    numbers,
  })),
);

test('the proof names the laws as FORMAT.md does', () => {
  expect(laws.size).toBe(rows.length);
  expect(Object.fromEntries(laws)).toEqual(LAWS);
});

test('every citation of a law is of one that there is', () => {
  expect(citations.length).toBeGreaterThan(50);
  const unknown = citations.filter(({ numbers }) =>
    numbers.split(/, | and /).some((each) => !laws.has(each)),
  );
  expect(unknown).toEqual([]);
});

test.each([...laws.keys()])('law %s has a test, and a planted fault', (number) => {
  const titled = citations.filter(({ path, numbers }) => path.endsWith('.test.ts') && numbers === number);
  expect(titled.length).toBeGreaterThan(0);
  const planted = [...CANARIES, ...STATE_CANARIES].filter(({ law }) => String(law) === number);
  expect(planted.length).toBeGreaterThan(0);
});
