/** Makes the images that machines write to. What a disk is for the machine is in `machine.ts`. */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { messageOf } from '@cocon-os/cli';
import { programEnvironment, startProgram } from '@cocon-os/cli/host-program';

import { QemuError } from './errors.ts';
import { findQemuImg } from './find-program.ts';
import type { Disk } from './machine.ts';

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
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) return;
  const why = found === undefined ? 'there is no such file' : 'it is a directory';
  throw new QemuError('DISK_NOT_FOUND', `Cannot attach disk "${path}": ${why}`, {
    hint: 'Name a disk image, as cocon image writes it.',
  });
}

async function attempt(what: string, program: string, args: readonly string[]): Promise<void> {
  const failed = (why: string, cause?: unknown): QemuError =>
    new QemuError('DISK_FAILED', `Cannot ${what}: ${why}`, { cause });
  const child = startProgram(program, args, {
    environment: programEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close').catch((cause: unknown) => {
    throw failed(messageOf(cause), cause);
  });
  if (child.exitCode === 0) return;
  const end = child.exitCode === null ? `signal ${String(child.signalCode)}` : `status ${child.exitCode}`;
  throw failed(`${program} ended with ${end}: ${said.trim()}`);
}
