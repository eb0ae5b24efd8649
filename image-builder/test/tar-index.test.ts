import { readFileSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { indexArchive } from '../src/oci/tar-index.ts';
import { entry, file, tarOf } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

it('indexArchive() follows links of either kind, and passes over those to nothing', async () => {
  const link = (name: string, linkname: string): ReturnType<typeof entry> =>
    entry(name, 'symlink', { linkname });
  const path = scratch('archive.tar');
  const tar = await tarOf([
    file('a b/100%25.json', 'contents'),
    link('a b/beside', '100%25.json'),
    link('c/up', '../a b/./100%25.json'),
    link('absolute', '/a b/100%25.json'),
    entry('hard', 'link', { linkname: 'a b/100%25.json' }),
    link('nothing', '//['),
    link('scheme', 'http://a b/100%25.json'),
    link('outside', '../../../a b/100%25.json'),
  ]);
  writeFileSync(path, tar);
  const files = await indexArchive(path);
  const [bytes, target] = [readFileSync(path), files.get('a b/100%25.json')];
  expect(String(bytes.subarray(target?.offset, (target?.offset ?? 0) + (target?.size ?? 0)))).toBe(
    'contents',
  );
  for (const name of ['a b/beside', 'c/up', 'absolute', 'hard', 'outside']) {
    expect([name, files.get(name)]).toEqual([name, target]);
  }
  expect([files.get('nothing'), files.get('scheme')]).toEqual([undefined, undefined]);
});
