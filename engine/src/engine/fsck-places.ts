/** What lies where in a store, by kind and name. Nothing else may lie there: a pipe would hold up its reader for ever. */
import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { isDraft } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { hasCode, kindOf } from '../files.ts';
import type { Store } from './store.ts';

/** Something that is not as it should be. */
export interface Problem {
  readonly kind:
    | 'blob damaged'
    | 'key unreadable'
    | 'key wrong'
    | 'output missing'
    | 'note unreadable'
    | 'build missing'
    | 'index wrong'
    | 'not a file'
    | 'not a directory'
    | 'stray'
    | 'unreadable'
    | 'left over';
  readonly path: string;
  /** In one line. */
  readonly detail: string;
}

/** What is found on the way. */
export interface Findings {
  add(kind: Problem['kind'], path: string, detail: string): void;
  /** Whether nothing was found there yet. */
  isSound(path: string): boolean;
}

/** A regular file. */
export interface StoreFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

const DIRECTORIES = ['', 'blobs', 'blobs/sha256', 'keys', 'builds', 'proofs'];
const FILES = ['index.json', 'oci-layout', 'index.lock'];
const PROOF = /^[0-9a-f]{64}$/;

/** Looks at the directories themselves and at the files that have a fixed name. A directory may lie elsewhere, by a link. */
export async function checkPlaces(store: Store, findings: Findings): Promise<void> {
  for (const name of DIRECTORIES) {
    const path = join(store.directory, name);
    if (!findings.isSound(dirname(path))) continue;
    const [own, target] = [await statOf(path, lstat), await statOf(path, stat)];
    if (own === undefined || target?.isDirectory() === true) continue;
    findings.add('not a directory', path, `it is ${kindOf(target ?? own)}`);
  }
  for (const name of FILES) await isFile(join(store.directory, name), findings);
  await filesIn(join(store.directory, 'proofs'), PROOF, findings);
}

/** The regular files of a directory whose names have that form; what else lies there is a finding, but for drafts. */
export async function filesIn(
  directory: string,
  form: RegExp,
  findings: Findings,
): Promise<readonly StoreFile[]> {
  const files: StoreFile[] = [];
  for (const name of await namesIn(directory)) {
    if (isDraft(name)) continue;
    const path = join(directory, name);
    const found = await isFile(path, findings);
    if (found === undefined) continue;
    if (form.test(name)) files.push({ name, path, size: found.size });
    else findings.add('stray', path, 'nothing in the store has such a name');
  }
  return files;
}

/** A regular file's state; nothing for what is none, which is a finding, and for what is not there. */
export async function isFile(
  path: string,
  findings: Findings,
): Promise<{ readonly size: number } | undefined> {
  const found = await statOf(path, lstat);
  if (found === undefined || found.isFile()) return found;
  findings.add('not a file', path, `it is ${kindOf(found)}`);
  return undefined;
}

async function statOf(path: string, look: (path: string) => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look(path);
  } catch (error) {
    if (hasCode(error, ['ENOENT', 'ENOTDIR', 'ELOOP'])) return undefined;
    throw cannotLook(path, error);
  }
}

/** What cannot be listed is not taken for empty. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (hasCode(error, ['ENOENT', 'ENOTDIR', 'ELOOP'])) return [];
    throw cannotLook(directory, error);
  }
}

function cannotLook(path: string, cause: unknown): SlicesError {
  return new SlicesError('CACHE_UNUSABLE', `Cannot look through ${path}: ${messageOf(cause)}`, {
    hint: 'Run it as the user whose cache it is.',
    facts: { path },
    cause,
  });
}
