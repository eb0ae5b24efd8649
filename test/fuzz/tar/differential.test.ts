/** A small part of `npm run fuzz -- tar`: our reading of tar archives against Go, GNU tar and umoci. */
import { join } from 'node:path';

import { makeScratch } from '@cocon-os/qemu';
import { afterAll, expect, it } from 'vitest';

import { compareTars } from './differential.ts';
import { JUDGES, RULES } from './rules.ts';

const scratch = makeScratch('tar-differential');
afterAll(() => scratch[Symbol.dispose]());

it('no archive is read in another way than by a judge, unless a rule says why', async () => {
  const options = { runs: 2500, seconds: Infinity, seed: 1, unpackedOneOf: 25 };
  const summary = await compareTars({ ...options, found: join(scratch.path, 'found') });
  const [go, gnu, umoci] = JUDGES.map((judge) => summary.get(judge));
  // Most of what is made is an archive, and each judge has seen its share.
  expect(go?.compared).toBe(2500);
  expect(go?.same).toBeGreaterThan(1250);
  expect(gnu?.compared).toBe(100);
  expect(gnu?.same).toBeGreaterThan(30);
  expect(umoci?.compared).toBe(100);
  expect(umoci?.same).toBeGreaterThan(30);
});

it('rules have names of their own', () => {
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
});
