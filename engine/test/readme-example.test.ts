/** The slice, the profile and the board of README.md are what they are said to be. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { REPOSITORY } from '../src/define/location.ts';
import type { Graph } from '../src/graph/graph.ts';
import { scratchDirectory } from './support.ts';

/** Files by their names, which stand in the first line of each example. */
async function examples(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(REPOSITORY, 'slices/README.md'), 'utf8');
  const blocks = text.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms);
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]));
}

test('the examples of README.md can be evaluated as they stand, in a directory of their own', async () => {
  const files = await examples();
  expect([...files.keys()]).toEqual(['slices/hello/slice.ts', 'profiles/greeter.ts', 'boards/gateway.ts']);
  const directory = await scratchDirectory();
  for (const [name, code] of files) {
    const place = join(directory, dirname(name));
    await mkdir(place, { recursive: true });
    const imports = code.replaceAll(/from '(\.[^']+)'/g, (_, path: string) => {
      const inside = join(dirname(name), path);
      return `from '${join(files.has(inside) ? directory : REPOSITORY, inside)}'`;
    });
    await writeFile(join(directory, name), imports);
  }
  await mkdir(join(directory, 'slices/hello/files'));
  await writeFile(join(directory, 'slices/hello/files/hello.c'), 'int main(void) {}\n');
  const cocon = ['scripts/node', 'image-builder/bin/cocon.ts'].map((path) => join(REPOSITORY, path));
  const args = [...cocon, 'synth', 'greeter', '--board', 'gateway'];
  const { stdout } = await promisify(execFile)('bash', args, { cwd: directory, maxBuffer: 2 ** 24 });
  const { nodes, image, demands } = JSON.parse(stdout) as Graph;
  expect(image.at(-1)).toBe('hello@x86_64');
  expect(nodes.at(-1)).toMatchObject({
    name: 'hello',
    options: { color: true },
    budget: { sizeBytes: 80 * 1024 },
  });
  expect(demands).toContainEqual({ symbol: 'TIGON3', value: 'y', askedBy: ['board gateway'] });
});
