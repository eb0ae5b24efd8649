/** Tells a full disk from any other failure, in our own writes and in steps that fail. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatBytes } from '@cocon-os/cli';

import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';

/** Below this, a step that failed without a word has most likely run out of room. */
const NEARLY_NOTHING = 256 * 1024;

/** Below this, a step that says so is believed: what did not fit, and was removed again, is seldom larger. */
const NEARLY_FULL = 256 * 1024 * 1024;
const FEW_INODES = 1000;

const SAID = /No space left on device|Disk quota exceeded/;

/**
 * Whether a failure means that there is no room: by the code of our own write, or by what is left of the disk. Words that a step
 * has printed are no proof, for whoever printed them may have met another disk, or quote somebody.
 */
export async function isDiskFull(error: unknown, directory: string): Promise<boolean> {
  if (hasCode(error, ['ENOSPC', 'EDQUOT'])) return true;
  const { free, inodes } = await roomIn(directory);
  if (free < NEARLY_NOTHING || inodes === 0) return true;
  const said = error instanceof Error && SAID.test(error.message);
  return said && (free < NEARLY_FULL || inodes < FEW_INODES);
}

/** The error for it. What was finished stays, and what was begun is gone by the time that it is seen. */
export async function diskFull(what: string, directory: string, cause: unknown): Promise<SlicesError> {
  const { free, inodes } = await roomIn(directory);
  const left = free >= NEARLY_FULL && inodes < FEW_INODES ? `${inodes} inodes` : formatBytes(free);
  const why = hasCode(cause, ['EDQUOT'])
    ? `the quota on the disk of ${directory} is used up`
    : `the disk of ${directory} is full, ${left} are left`;
  return new SlicesError('DISK_FULL', `Cannot ${what}: ${why}`, {
    hint: 'Make room there, or run cocon store gc, and build again: what was finished is kept.',
    facts: { directory, free, inodes: Number.isFinite(inodes) ? inodes : null },
    cause,
  });
}

/** Free bytes and inodes for this user. A file system that counts no inodes has any number. */
async function roomIn(directory: string): Promise<{ readonly free: number; readonly inodes: number }> {
  const place = await statfs(directory).catch(() => statfs(dirname(directory)));
  const { bavail, bsize, files, ffree } = place;
  return { free: bavail * bsize, inodes: files === 0 ? Infinity : ffree };
}
