/**
 * Places on a disk that take no more, and temporary files, which are where nobody has named a
 * place.
 */
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { CoconError, messageOf } from './errors.ts';
import { formatBytes } from './format.ts';

/** Bytes that have to go into a place for it to count as one with room. */
const PROBE = 2 ** 20;

/** Whether `thrown` says that a disk, a quota or a file system's table of files is used up. */
export function saysNoRoom(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT')
  );
}

/**
 * Why nothing goes into `directory` that says so: "the disk of /tmp is full (64 MiB, 0 B free)".
 */
export function noRoomIn(directory: string, thrown: unknown): string {
  const place = resolve(directory);
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EDQUOT')
    return `the quota on the disk of ${place} is used up`;
  try {
    const { type, blocks, bavail, bfree, bsize, files, ffree } = statfsSync(place);
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    if (files > 0 && ffree === 0 && free > 0 && type !== 0)
      return `the file system of ${place} has no room for another file: its ${files} inodes are used up`;
    return `the disk of ${place} is full (${formatBytes(blocks * bsize)}, ${formatBytes(free)} free)`;
  } catch {
    return `the disk of ${place} is full`;
  }
}

/**
 * The first of `directories` into which nothing goes any more, and why; found out by writing a
 * little.
 */
export function fullPlace(
  directories: readonly string[],
): { readonly directory: string; readonly why: string } | undefined {
  for (const directory of directories) {
    try {
      const probe = mkdtempSync(join(directory, '.cocon-probe-'));
      try {
        writeFileSync(join(probe, 'room'), new Uint8Array(PROBE));
      } finally {
        rmSync(probe, { recursive: true, force: true });
      }
    } catch (thrown) {
      if (!saysNoRoom(thrown)) continue;
      const place = isScratch(directory) ? resolve(tmpdir()) : resolve(directory);
      return { directory: place, why: noRoomIn(place, thrown) };
    }
  }
  return undefined;
}

/** Temporary files that cannot be written. */
export class ScratchError extends CoconError<'DISK_FULL' | 'SCRATCH_FAILED'> {
  constructor(cause: unknown) {
    const place = resolve(tmpdir());
    const isFull = saysNoRoom(cause);
    super(
      isFull ? 'DISK_FULL' : 'SCRATCH_FAILED',
      `Cannot write temporary files in ${place} (TMPDIR): ${isFull ? noRoomIn(place, cause) : messageOf(cause)}`,
      {
        hint: isFull ? roomHint(place) : 'Set TMPDIR to a directory that is there and that you may write to.',
        facts: { path: place },
        cause,
      },
    );
  }
}

/** The way out of a full disk at `directory`. */
export function roomHint(directory: string): string {
  return isScratch(directory)
    ? 'Make room there, or set TMPDIR to a directory on a disk with room for the image, unpacked, twice.'
    : 'Make room there, or name an output on another disk.';
}

/**
 * Does `work`, which writes temporary files. Throws {@link ScratchError} when the system does not
 * let it.
 */
export async function inScratch<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    throw thrown instanceof Error && !(thrown instanceof CoconError) && 'syscall' in thrown
      ? new ScratchError(thrown)
      : thrown;
  }
}

/** Whether a directory is that of temporary files, or one below it that was made for them. */
export function isScratch(directory: string): boolean {
  const place = resolve(tmpdir());
  return directory === place || directory.startsWith(`${place}/cocon-`);
}
