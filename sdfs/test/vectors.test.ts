/** The shared vectors, read by the TypeScript reader. `cargo test` reads the same file with the Rust one. */
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { generate, readManifest } from '../../test/vectors/generate.ts';
import { readCase } from '../../test/vectors/read.ts';

const manifest = readManifest();

describe.each(['superblock', 'record', 'descriptor', 'release', 'signature', 'volume'] as const)(
  '%s vectors',
  (structure) => {
    const cases = manifest.cases.filter((each) => each.structure === structure);
    test.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
      expect(readCase(manifest, each)).toEqual(each.expect);
    });
  },
);

test('manifest.json is what generate.ts writes', () => {
  const text = readFileSync(new URL('../../test/vectors/manifest.json', import.meta.url), 'utf8');
  expect(generate() === text, 'run scripts/node test/vectors/generate.ts').toBe(true);
});
