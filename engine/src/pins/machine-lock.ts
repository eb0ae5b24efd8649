/** The lock of a machine's cache: `pins.json` there holds the pins that were moved for this machine alone. */
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import type { MachineLock } from './overlay.ts';

/** Where it lies. */
export function machineLockPath({ root }: Pick<CacheDirectory, 'root'>): string {
  return join(root, 'pins.json');
}

/**
 * What it holds; `undefined` where there is none.
 *
 * @throws SlicesError `PINS_INVALID` for a file that is something else
 */
export function readMachineLock(cache: Pick<CacheDirectory, 'root'>): MachineLock | undefined {
  const path = machineLockPath(cache);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, ['ENOENT', 'ENOTDIR'])) return undefined;
    throw invalid(path, messageOf(error));
  }
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch (error) {
    throw invalid(path, messageOf(error));
  }
  if (!isMachineLock(lock)) throw invalid(path, 'it holds something else than moved pins');
  return lock;
}

/** Puts it in the place of what is there, by rename. */
export async function writeMachineLock(
  cache: Pick<CacheDirectory, 'root'>,
  lock: MachineLock,
): Promise<void> {
  const path = machineLockPath(cache);
  await mkdir(cache.root, { recursive: true });
  const draft = await draftOf(path);
  try {
    await writeFile(draft, `${JSON.stringify(lock, undefined, 2)}\n`);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

function invalid(path: string, why: string): SlicesError {
  return new SlicesError('PINS_INVALID', `Cannot read the moved pins in ${path}: ${why}`, {
    hint: 'Remove the file: the pins of the repository are in force then.',
    facts: { file: path },
  });
}

const SHA256 = /^[0-9a-f]{64}$/;

type Unknown = Readonly<Record<string, unknown>>;

/** Whether it is an object of JSON. */
export function isTable(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMachineLock(value: unknown): value is MachineLock {
  if (!isTable(value) || value['format'] !== 'cocon.pins/1' || !isTable(value['sources'])) return false;
  const sources = Object.values(value['sources']).every(
    (move) => isTable(move) && typeof move['from'] === 'string' && isSourcePin(move['to']),
  );
  return sources && (value['toolchain'] === undefined || isToolchainMove(value['toolchain']));
}

function isSourcePin(value: unknown): boolean {
  return (
    isTable(value) &&
    typeof value['version'] === 'string' &&
    isFile(value['upstream']) &&
    isFile(value['debian'])
  );
}

function isFile(value: unknown): boolean {
  return isTable(value) && typeof value['name'] === 'string' && isSha256(value['sha256']);
}

function isSha256(value: unknown): boolean {
  return typeof value === 'string' && SHA256.test(value);
}

function isToolchainMove(value: unknown): boolean {
  if (!isTable(value) || typeof value['from'] !== 'string' || !isTable(value['to'])) return false;
  const { suite, packages } = value['to'];
  return typeof suite === 'string' && Array.isArray(packages) && packages.every(isLockedPackage);
}

/** Whether it has the fields of a locked package, each of its sort. */
export function isLockedPackage(value: unknown): boolean {
  return (
    isTable(value) &&
    typeof value['name'] === 'string' &&
    typeof value['version'] === 'string' &&
    isSha256(value['sha256']) &&
    typeof value['size'] === 'number' &&
    Array.isArray(value['depends']) &&
    value['depends'].every((each) => typeof each === 'string')
  );
}
