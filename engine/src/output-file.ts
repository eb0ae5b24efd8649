/** Files that a person has named for a command to write. */
import { writeFile } from 'node:fs/promises';

import { messageOf } from '@cocon-os/cli';

import { SlicesError } from './errors.ts';
import { hasCode } from './files.ts';

/** Writes a file, over the one that is there. Throws `OUTPUT_FAILED`, `DISK_FULL`. */
export async function writeOutput(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw outputFailed(path, cause);
  });
}

/** The error for a file or a directory that cannot be written where it was asked for. */
export function outputFailed(path: string, cause: unknown): SlicesError {
  if (hasCode(cause, ['ENOSPC', 'EDQUOT'])) {
    return new SlicesError(
      'DISK_FULL',
      `Cannot write ${path}: its disk is full, or the quota there is used up`,
      {
        hint: 'Make room there, or name a place on another disk.',
        facts: { path },
        cause,
      },
    );
  }
  return new SlicesError('OUTPUT_FAILED', `Cannot write ${path}: ${messageOf(cause)}`, {
    hint: 'Name a place in a directory that is there, and that you may write to.',
    facts: { path },
    cause,
  });
}
