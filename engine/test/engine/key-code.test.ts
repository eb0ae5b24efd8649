/** The code that is part of every build key is all the code that can change what bytes come of the same record. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { KEY_CODE } from '../../src/engine/key.ts';

const SOURCE = join(import.meta.dirname, '../../src');

/** What building one node imports besides, and why it cannot change a byte unseen. */
const CHANGES_NOTHING: Readonly<Record<string, string>> = {
  'define/location.ts': 'names of places on the host',
  'define/recipe.ts': 'types, and names of outputs, which are in the record',
  'define/target.ts': 'names of platforms, which are in the record',
  'drafts.ts': 'names of places on the host',
  'engine/compiler-cache.ts': 'puts in place what the compiler would make, see there',
  'engine/disk-full.ts': 'turns a failure into another one',
  'engine/elf-machine.ts': 'refuses, and changes nothing',
  'engine/run-steps.ts': 'runs the steps that are in the record',
  'engine/sandbox.ts': 'arguments and environment are in the record',
  'engine/store.ts': 'keeps layers under their digests',
  'errors.ts': 'what is thrown',
  'files.ts': 'hashing, looking and removing',
  'graph/local-digest.ts': 'its result is in the record',
  'lock.ts': 'who waits for whom',
  'run-process.ts': 'runs programs of the host on files that are checked afterwards',
  'sources/': 'brings files whose hashes are in the record',
  'stable-json.ts': 'hashing',
  'toolchain/fetch-packages.ts': 'brings files whose hashes are in the record',
  'toolchain/lock.ts': 'its result is in the record',
};

/** The files that a module of the engine loads at run time, itself included. */
function loaded(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(join(SOURCE, path), 'utf8');
  const imports = text.matchAll(/^import (?!type )(?:[^';]*? from )?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm);
  for (const [, still, lazy] of imports) loaded(join(path, '..', still ?? lazy ?? ''), seen);
  return seen;
}

test('each file that building loads is in the key, or has a reason not to be', () => {
  const excused = Object.keys(CHANGES_NOTHING);
  const unexplained = [...loaded('engine/build-node.ts')].filter(
    (file) => !KEY_CODE.includes(file) && !excused.some((each) => file === each || file.startsWith(each)),
  );
  expect(unexplained.toSorted()).toEqual([]);
});

test('no file is in the key or excused that building does not load', () => {
  const files = [...loaded('engine/build-node.ts')];
  expect(KEY_CODE.filter((file) => !files.includes(file))).toEqual([]);
  const idle = Object.keys(CHANGES_NOTHING).filter((each) => !files.some((file) => file.startsWith(each)));
  expect(idle).toEqual([]);
});
