/** Whether the notes of a store say what is: what a build came to by its key, and the last key of a node. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { exists, hasCode } from '../files.ts';
import { filesIn, type Findings, type StoreFile } from './fsck-places.ts';
import { keyOf } from './key.ts';
import { KEY_FILE, NODE_FILE, type Store, type StoredBuild } from './store.ts';

/** Returns how many there are. The blobs have been looked at. */
export async function checkKeys(store: Store, findings: Findings): Promise<number> {
  const files = await readable(join(store.directory, 'keys'), KEY_FILE, findings);
  for (const { name, path } of files) {
    const key = KEY_FILE.exec(name)?.[1] ?? '';
    const build = await store.read(key);
    const found = build === undefined ? undefined : keyOfRecord(build);
    if (build === undefined || found === undefined) {
      findings.add('key unreadable', path, 'it is no record of a build');
      continue;
    }
    if (found !== key) findings.add('key wrong', path, `its record has the key ${found}`);
    for (const [output, { digest }] of Object.entries(build.outputs)) {
      const blob = store.pathOf(digest);
      if (findings.isSound(blob) && (await exists(blob))) continue;
      const why = findings.isSound(blob) ? 'not there' : 'damaged';
      findings.add('output missing', path, `the ${output} output ${digest} is ${why}`);
    }
  }
  return files.length;
}

/** The keys have been looked at. */
export async function checkNodes(store: Store, findings: Findings): Promise<void> {
  for (const { name, path } of await readable(join(store.directory, 'builds'), NODE_FILE, findings)) {
    const last = await store.last(NODE_FILE.exec(name)?.[1] ?? '');
    if (last === undefined || !KEY_FILE.test(`${last.key}.json`)) {
      findings.add('note unreadable', path, 'it names no build');
      continue;
    }
    const note = store.keyPath(last.key);
    if (findings.isSound(note) && (await exists(note))) continue;
    const why = findings.isSound(note) ? 'not there' : 'damaged';
    findings.add('build missing', path, `what is noted of its last build, ${last.key}, is ${why}`);
  }
}

/** A file that the system does not give is another finding than one that holds nonsense. */
async function readable(directory: string, form: RegExp, findings: Findings): Promise<readonly StoreFile[]> {
  const files: StoreFile[] = [];
  for (const file of await filesIn(directory, form, findings)) {
    try {
      await readFile(file.path);
      files.push(file);
    } catch (error) {
      if (!hasCode(error, ['ENOENT'])) findings.add('unreadable', file.path, messageOf(error));
    }
  }
  return files;
}

/** Nothing for a record that is nested too deep to be one. */
function keyOfRecord({ record }: StoredBuild): string | undefined {
  try {
    return keyOf(record);
  } catch {
    return undefined;
  }
}
