/**
 * What was built, on disk: an OCI image layout (image-layout.md) with plain tar layers, and beside it
 * `keys/<key>.json`, what a build with that key was made of and came to, and `builds/<node>.json`, the last key of a node.
 *
 * Everything appears by rename when it is whole. What is missing, cut or unreadable counts as not built.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { OUTPUT_NAMES, type OutputName } from '../define/recipe.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import type { NodeId } from '../graph/graph.ts';
import { layerOf } from '../layer/layer-tar.ts';
import { fileBytesOf, type Member } from '../layer/members.ts';
import { stableJson } from '../stable-json.ts';
import type { KeyRecord } from './key.ts';

/** A layer in the store. It is not compressed, so its digest is its DiffID too. */
export interface StoredOutput {
  /** `sha256:` and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  /** Of the tar. */
  readonly sizeBytes: number;
  /** Of the files in it. */
  readonly fileBytes: number;
}

/** The layers of one build, by output. */
export type StoredOutputs = Readonly<Partial<Record<OutputName, StoredOutput>>>;

/** What a build was made of and what it came to. */
export interface StoredBuild {
  readonly record: KeyRecord;
  readonly outputs: StoredOutputs;
  /** What the build took, in whole seconds; for estimates. */
  readonly seconds: number;
}

/** The last key of a node, and the one before it. */
export interface LastBuild {
  readonly key: string;
  readonly previous?: string;
}

/** The store. */
export interface Store {
  readonly directory: string;
  /** What a build with this key left, or `undefined` when it has to be built. */
  find(key: string): Promise<StoredBuild | undefined>;
  /** What is noted of a build, whether or not its layers are still there. */
  read(key: string): Promise<StoredBuild | undefined>;
  /** Takes a layer in and returns what it is called. */
  put(members: readonly Member[]): Promise<StoredOutput>;
  /** Notes the outcome of a build. Its layers are in the store by now. */
  record(key: string, build: StoredBuild): Promise<void>;
  last(node: NodeId): Promise<LastBuild | undefined>;
  /** Makes `key` the last one of a node, and says whether it was another one before. */
  use(node: NodeId, key: string): Promise<boolean>;
  /** All keys, sorted. */
  keys(): Promise<readonly string[]>;
  /** The nodes that have a last key, sorted. */
  nodes(): Promise<readonly NodeId[]>;
  /** The file of a blob. */
  pathOf(digest: string): string;
  /** The file of a key. */
  keyPath(key: string): string;
  /** The file of a node's last key. */
  nodePath(node: NodeId): string;
}

/** Names of the files in `keys` and `builds`. */
export const KEY_FILE = /^([0-9a-f]{64})\.json$/;
export const NODE_FILE = /^([a-z0-9.-]+@[a-z0-9_]+)\.json$/;

/** Opens the store in `directory`; it is made on first use. */
export function openStore(directory: string): Store {
  const pathOf = (digest: string): string => join(directory, 'blobs', digest.replace(':', '/'));
  const keyPath = (key: string): string => join(directory, 'keys', `${key}.json`);
  const nodePath = (node: NodeId): string => join(directory, 'builds', `${node}.json`);
  const present = async (output: StoredOutput): Promise<boolean> =>
    stat(pathOf(output.digest)).then(
      ({ size }) => size === output.sizeBytes,
      () => false,
    );
  const read = async (key: string): Promise<StoredBuild | undefined> => {
    const value = await readJson(keyPath(key));
    return isStoredBuild(value) ? value : undefined;
  };
  const last = async (node: NodeId): Promise<LastBuild | undefined> => {
    const value = await readJson(nodePath(node));
    return isLastBuild(value) ? value : undefined;
  };
  const listed = async (place: string, form: RegExp): Promise<readonly string[]> => {
    // Only what was never made is empty: whoever removes what nothing leads to must not take an error for nothing.
    const names = await readdir(join(directory, place)).catch((error: unknown) => {
      if (hasCode(error, ['ENOENT'])) return [];
      throw error;
    });
    return names.flatMap((name) => form.exec(name)?.[1] ?? []).toSorted();
  };

  return {
    directory,
    pathOf,
    keyPath,
    nodePath,
    read,
    last,
    async find(key) {
      const build = await read(key);
      if (build === undefined) return undefined;
      const found = await Promise.all(Object.values(build.outputs).map(present));
      return found.includes(false) ? undefined : build;
    },
    async put(members) {
      await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
      const draft = await draftOf(join(directory, 'blobs/sha256', 'layer'));
      try {
        const blob = await writeBlob(draft, layerOf(members));
        await rename(draft, pathOf(blob.digest));
        return { ...blob, fileBytes: fileBytesOf(members) };
      } finally {
        await rm(draft, { force: true });
      }
    },
    record: (key, build) => writeWhole(keyPath(key), `${stableJson(build, 1)}\n`),
    async use(node, key) {
      const before = await last(node);
      if (before?.key === key) return false;
      const next: LastBuild = before === undefined ? { key } : { key, previous: before.key };
      await writeWhole(nodePath(node), `${stableJson(next)}\n`);
      return true;
    },
    keys: () => listed('keys', KEY_FILE),
    nodes: () => listed('builds', NODE_FILE),
  };
}

async function writeBlob(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ digest: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx');
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

/**
 * Writes a file so that a reader sees either all of it or what was there before.
 *
 * @throws SlicesError `CACHE_UNUSABLE` where nothing may be written
 */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  const draft = await draftOf(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, contents);
    await rename(draft, path);
  } catch (cause) {
    throw hasCode(cause, ['EROFS', 'EACCES', 'EPERM']) ? cannotWrite(path, cause) : cause;
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** {@link writeWhole} for a note that only a later run is better off with: where nothing may be written, there is none. */
export async function writeNote(path: string, contents: string): Promise<void> {
  try {
    await writeWhole(path, contents);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
}

/** Whether it is what {@link writeWhole} throws where nothing may be written. */
export function isUnwritable(error: unknown): boolean {
  return error instanceof SlicesError && error.code === 'CACHE_UNUSABLE';
}

/** The error for a place in a cache where nothing may be written. */
export function cannotWrite(path: string, cause: unknown): SlicesError {
  return new SlicesError('CACHE_UNUSABLE', `Cannot write ${path}: ${messageOf(cause)}`, {
    hint: 'What is not in the cache yet can only go into one to which you may write: COCON_CACHE=<directory>.',
    facts: { path },
    cause,
  });
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isOutput(value: unknown): value is StoredOutput {
  return (
    isObject(value) &&
    typeof value['digest'] === 'string' &&
    /^sha256:[0-9a-f]{64}$/.test(value['digest']) &&
    typeof value['sizeBytes'] === 'number' &&
    typeof value['fileBytes'] === 'number'
  );
}

function isStoredBuild(value: unknown): value is StoredBuild {
  if (!isObject(value)) return false;
  const { record, outputs, seconds } = value;
  return (
    isObject(record) &&
    record['format'] === 'cocon.key/1' &&
    isObject(outputs) &&
    Object.entries(outputs).every(([name, output]) => isOutputName(name) && isOutput(output)) &&
    typeof seconds === 'number'
  );
}

function isLastBuild(value: unknown): value is LastBuild {
  return isObject(value) && typeof value['key'] === 'string';
}

function isOutputName(name: string): name is OutputName {
  return OUTPUT_NAMES.some((each) => each === name);
}
