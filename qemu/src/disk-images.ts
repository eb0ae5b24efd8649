/** Makes the images that machines write to. What a disk is for the machine is in `machine.ts`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

import { messageOf } from '@cocon-os/cli';

import { QemuError } from './errors.ts';
import { findQemuImg } from './find-program.ts';
import type { Disk } from './machine.ts';

const run = promisify(execFile);

/** Makes a qcow2 image whose unwritten parts are those of `base`, which must stay as it is. Throws `DISK_FAILED`. */
export async function createOverlay(base: string, format: 'raw' | 'qcow2', overlay: string): Promise<void> {
  requireImage(base);
  await attempt(`make an overlay of "${base}"`, findQemuImg(), [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    resolve(base),
    '-F',
    format,
    overlay,
  ]);
}

/** Copies an image, as shared blocks where the file system can do that, else without its holes. Throws `DISK_FAILED`. */
export async function copyImage(from: string, to: string): Promise<void> {
  requireImage(from);
  await attempt(`copy "${from}"`, 'cp', ['--reflink=auto', '--sparse=always', '--', from, to]);
}

/**
 * A disk whose bytes are those of a file, so that a guest without a network can read it: as /dev/vdb when it is the
 * second disk. The guest sees it padded with zeros to whole sectors of 512 bytes.
 */
export function fileDisk(path: string): Disk {
  requireImage(path);
  return { path, readOnly: true, serial: 'file' };
}

/** Throws `DISK_NOT_FOUND`. */
export function requireImage(path: string): void {
  if (existsSync(path)) return;
  throw new QemuError('DISK_NOT_FOUND', `Cannot attach disk "${path}": there is no such file`);
}

async function attempt(what: string, program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (cause) {
    throw new QemuError('DISK_FAILED', `Cannot ${what}: ${messageOf(cause).trim()}`, { cause });
  }
}
