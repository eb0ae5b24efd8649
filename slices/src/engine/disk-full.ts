/** Tells a full disk from any other failure, in our own writes and in what steps print. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatBytes } from '@cocon-os/cli';

import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';

/** Below this, a step that failed without a word has most likely run out of room. */
const NEARLY_NOTHING = 256 * 1024;

const SAID = /No space left on device|Disk quota exceeded/;

/** Whether a failure means that there is no room: by its code, by its words, or by what is left of the disk. */
export async function isDiskFull(error: unknown, directory: string): Promise<boolean> {
  if (hasCode(error, ['ENOSPC', 'EDQUOT'])) return true;
  if (error instanceof Error && SAID.test(error.message)) return true;
  const { free, files } = await roomIn(directory);
  return free < NEARLY_NOTHING || files === 0;
}

/** The error for it. What was finished stays, and what was begun is gone by the time that it is seen. */
export async function diskFull(what: string, directory: string, cause: unknown): Promise<SlicesError> {
  const { free } = await roomIn(directory);
  return new SlicesError(
    'DISK_FULL',
    `Cannot ${what}: the disk of ${directory} is full, ${formatBytes(free)} are left`,
    {
      hint: 'Make room there, or run cocon store gc, and build again: what was finished is kept.',
      facts: { directory, free },
      cause,
    },
  );
}

/** Free bytes and inodes for this user. A file system that counts no inodes has any number. */
async function roomIn(directory: string): Promise<{ readonly free: number; readonly files: number }> {
  const place = await statfs(directory).catch(() => statfs(dirname(directory)));
  const { bavail, bsize, files, ffree } = place;
  return { free: bavail * bsize, files: files === 0 ? Infinity : ffree };
}
