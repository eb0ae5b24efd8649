/** A directory for one test file, removed at its end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

/** Call it at the top of a test file; `path('a')` is a new place in it. */
export function scratchDirectory(): (name: string) => string {
  const root = mkdtempSync(join(tmpdir(), 'cocon-test-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let count = 0;
  return (name) => {
    count += 1;
    return join(root, `${count}-${name}`);
  };
}
