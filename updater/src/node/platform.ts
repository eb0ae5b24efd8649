/** A host: Node as a {@link Platform}. */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { messageOf } from '@cocon-os/cli';
import { nodeTransport } from '@cocon-os/cli/http-node';
import { nodeTerminal } from '@cocon-os/cli/node';
import { nodeCrypto, openFileDevice } from '@cocon-os/sdfs/node';

import { UpdaterError } from '../errors.ts';
import type { ByteSource, FileKind, Platform } from '../platform.ts';
import { fileSource, openFileSource } from './file-source.ts';
import { runChild } from './run-program.ts';
import { streamSource } from './stream-source.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** This Node process. */
export const nodePlatform: Platform = {
  terminal: nodeTerminal,
  crypto: nodeCrypto,
  architecture: ARCHITECTURES[process.arch] ?? process.arch,
  now: () => Math.floor(Date.now() / 1000),
  monotonicMs: () => performance.now(),
  sleep: (milliseconds) => setTimeout(milliseconds),
  openDevice: openFileDevice,
  http: nodeTransport(),
  openSource: async (location) => (location === '-' ? standardInput() : openFileSource(location)),
  readFile,
  listDirectory: (path) =>
    orUndefined(path, () =>
      readdirSync(path, 'buffer')
        .map((name) => nameIn(path, name))
        .toSorted(),
    ),
  readStart,
  fileKind,
  run: runChild,
};

function standardInput(): ByteSource {
  const stats = fstatSync(0);
  // A redirected file has a size and ranges, so everything that works with its path works with it.
  return stats.isFile()
    ? fileSource('standard input', 0, stats.size)
    : streamSource('standard input', process.stdin);
}

function readFile(path: string, limit: number): Uint8Array | undefined {
  return orUndefined(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      // Files in /proc and /sys claim a size of 0, so the limit counts what was read.
      const bytes = new Uint8Array(limit + 1);
      let filled = 0;
      for (let length = -1; length !== 0 && filled <= limit; filled += length) {
        length = readSync(descriptor, bytes, filled, bytes.length - filled, null);
      }
      if (filled > limit)
        throw new UpdaterError('FILE_TOO_LARGE', `Cannot read ${path}: it is larger than ${limit} bytes`);
      return bytes.slice(0, filled);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** A name as text. With other letters in place of what is none, it would be that of a file that is not there. */
function nameIn(directory: string, name: Buffer): string {
  const text = name.toString();
  if (Buffer.from(text).equals(name)) return text;
  throw new UpdaterError('FILE_UNREADABLE', `Cannot read ${directory}: the name ${text} in it is not UTF-8`, {
    hint: 'Give that file another name.',
  });
}

function readStart(path: string, length: number): Uint8Array | undefined {
  return orUndefined(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(length);
      return bytes.slice(0, readSync(descriptor, bytes, 0, length, 0));
    } finally {
      closeSync(descriptor);
    }
  });
}

function fileKind(path: string): FileKind {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'directory';
    if (!stats.isFile()) return 'other';
  } catch {
    return 'nothing';
  }
  try {
    accessSync(path, constants.X_OK);
    return 'program';
  } catch {
    return 'file';
  }
}

function orUndefined<Value>(path: string, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UpdaterError) throw cause;
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw new UpdaterError('FILE_UNREADABLE', `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
