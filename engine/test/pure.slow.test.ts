/** Definitions that look around while they are loaded, by the runtime's own loader: it knows lines, and modules that nobody has loaded. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { scratchDirectory } from './support.ts';

const PROGRAM = join(import.meta.dirname, '../../image-builder/bin/cocon.ts');
const BASE_FILES = join(import.meta.dirname, '../../slices/base-files/slice.ts');
const SOURCE = join(import.meta.dirname, '../src');

/** What `cocon synth` says of a profile that begins with `first`. */
async function synth(first: string, summary: string): Promise<string> {
  const home = await scratchDirectory();
  await mkdir(join(home, 'profiles'));
  const profile = `export const profile = defineProfile({ name: 'looking', summary: String(${summary}), slices: [baseFiles] });`;
  const define = `import { defineProfile } from '${SOURCE}/define/profile.ts'; import { baseFiles } from '${BASE_FILES}';`;
  await writeFile(join(home, 'profiles/looking.ts'), `${first}\n${define}\n${profile}\n`);
  return await new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, 'synth', 'looking'], { cwd: home }, (_, out, err) =>
      resolve(`${out}${err}`.replaceAll(home, '')),
    );
  });
}

test.each([
  [
    'the clock of a module',
    "import { performance } from 'node:perf_hooks';",
    'performance.now()',
    'reads the clock',
  ],
  ['a name of a module', "import { hostname } from 'node:os';", 'hostname()', 'reads what this machine is'],
  [
    'a module that is loaded late',
    "import { createServer } from 'node:http2';",
    'createServer()',
    'reads the network',
  ],
  ['a program', "import { execFileSync } from 'child_process';", "execFileSync('date')", 'starts a program'],
  [
    'a thread',
    "import { Worker } from 'node:worker_threads';",
    "new Worker('', { eval: true })",
    'starts a thread',
  ],
  [
    'an answer that it waits for',
    "const answer = await fetch('http://127.0.0.1:1');",
    'answer',
    'reads the network',
    1,
  ],
  ['the environment', '', 'process.env.HOME', 'reads the environment'],
  [
    'the current directory',
    "import { resolve } from 'node:path';",
    "resolve('x')",
    'reads the current directory',
  ],
  ['the time zone', '', 'new Date(2026, 0, 1)', "reads this machine's time zone"],
])('cocon synth refuses a profile that is loaded with %s', async (_, first, summary, does, line = 3) => {
  expect(await synth(first, summary)).toMatch(
    `cocon: Cannot load /profiles/looking.ts: it ${does} at /profiles/looking.ts:${line} [SLICE_INVALID]\nhint: `,
  );
});

test('cocon synth takes a profile that reads itself, hashes and says a word', async () => {
  const first =
    "import { createHash } from 'node:crypto'; import { readFileSync } from 'node:fs'; console.log('a word', new Date(0));";
  const said = await synth(
    first,
    "createHash('sha256').update(readFileSync(import.meta.filename)).digest('hex')",
  );
  expect(said).toMatch(
    /^\{\n {2}"format": "cocon\.graph\/1",\n[^]+\n\}\na word 1970-01-01T00:00:00\.000Z\n$/,
  );
});
