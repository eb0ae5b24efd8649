import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { StepLines } from '../../src/engine/step-lines.ts';
import { scratchDirectory } from '../support.ts';
import { fileNode, recorder } from './support.ts';

const musl = fileNode('musl', '');

test('StepLines tells the next build how many lines each step printed', async () => {
  const cache = cacheDirectoryAt(await scratchDirectory());
  const first = await StepLines.of(musl.id, cache);
  const before = recorder();
  const events = first.through(before.events);
  events({ kind: 'step', node: musl, step: 'compile' });
  for (const text of ['one', 'two']) events({ kind: 'line', node: musl, text });
  events({ kind: 'step', node: musl, step: 'install' });
  await first.note();
  expect(before.seen).toHaveLength(4);
  expect(before.seen.every((event) => !('lines' in event))).toBe(true);
  const after = recorder();
  const next = (await StepLines.of(musl.id, cache)).through(after.events);
  for (const step of ['compile', 'install', 'new']) next({ kind: 'step', node: musl, step });
  expect(after.seen).toEqual([
    { kind: 'step', node: musl, step: 'compile', lines: 2 },
    { kind: 'step', node: musl, step: 'install' },
    { kind: 'step', node: musl, step: 'new' },
  ]);
});

test.each(['', '[', '{"compile":"many"}', '{"compile":1.5}', 'null', '[7]'])(
  'StepLines takes the note %j for none',
  async (text) => {
    const cache = cacheDirectoryAt(await scratchDirectory());
    await mkdir(cache.logs, { recursive: true });
    await writeFile(join(cache.logs, `${musl.id}.lines.json`), text);
    const { events, seen } = recorder();
    (await StepLines.of(musl.id, cache)).through(events)({ kind: 'step', node: musl, step: 'compile' });
    expect(seen).toEqual([{ kind: 'step', node: musl, step: 'compile' }]);
  },
);
