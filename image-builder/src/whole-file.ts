/**
 * Files that a command makes: each is there whole or not at all, and takes the place of a file and
 * of nothing else.
 */
import { rmSync } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { CoconError, messageOf } from '@cocon-os/cli';
import { noRoomIn, roomHint, saysNoRoom } from '@cocon-os/cli/disk-room';
import { onProcessEnd } from '@cocon-os/qemu';
import { draftOf, sweepDrafts } from '@cocon-os/engine/drafts';

import { BuilderError, isSystemError } from './errors.ts';

/**
 * Has `write` make a draft beside `output`, which then takes its name. Throws `OUTPUT_FAILED`,
 * `DISK_FULL`, and what `write` throws.
 */
export async function wholeFile<T>(output: string, write: (draft: string) => Promise<T>): Promise<T> {
  await assertReplaceable(output);
  await sweepDrafts(dirname(output), output);
  const draft = await draftOf(output);
  const forget = onProcessEnd(() => rmSync(draft, { force: true }));
  try {
    const result = await write(draft).catch((thrown: unknown) => {
      throw isFull(output, thrown) ? outputFailed(output, thrown) : thrown;
    });
    await rename(draft, output).catch((cause: unknown) => {
      throw outputFailed(output, cause);
    });
    return result;
  } finally {
    forget();
    await rm(draft, { force: true });
  }
}

/**
 * Whether a draft of `output` could not be written because of its disk, whoever says so. The
 * draft's own name helps nobody.
 */
function isFull(output: string, thrown: unknown): boolean {
  if (thrown instanceof CoconError && thrown.code === 'DISK_FULL')
    return thrown.facts['path'] === resolve(dirname(output));
  return saysNoRoom(thrown) || (thrown instanceof CoconError && saysNoRoom(thrown.cause));
}

/**
 * Refuses a name that something else than a file has: a rename would put a file into the place of a
 * disk's node, and the disk would have nothing of it. So is a directory that is not there. Throws
 * `OUTPUT_FAILED`.
 */
export async function assertReplaceable(output: string): Promise<void> {
  const found = await stat(output).catch(async (cause: unknown) => {
    if (!isSystemError(cause, 'ENOENT')) throw outputFailed(output, cause);
    await access(dirname(output)).catch((missing: unknown) => {
      throw outputFailed(output, missing);
    });
  });
  if (found === undefined || found.isFile()) return;
  const isDisk = found.isBlockDevice();
  const what = isDisk ? 'a disk' : found.isDirectory() ? 'a directory' : 'no file';
  throw new BuilderError('OUTPUT_FAILED', `Cannot write "${output}": it is ${what}`, {
    hint: isDisk
      ? `Write a file, and then that to the disk: dd if=os.img of=${output} bs=4M conv=fsync.`
      : 'Name a file.',
    facts: { path: output },
  });
}

/** The error for a file that cannot be written where it was asked for. */
export function outputFailed(output: string, cause: unknown): BuilderError {
  if (isFull(output, cause)) {
    const place = dirname(output);
    return new BuilderError('DISK_FULL', `Cannot write "${output}": ${noRoomIn(place, cause)}`, {
      hint: roomHint(place),
      facts: { path: output },
      cause,
    });
  }
  return new BuilderError('OUTPUT_FAILED', `Cannot write "${output}": ${messageOf(cause)}`, {
    hint: 'Choose a directory that can be written to and has room.',
    facts: { path: output },
    cause,
  });
}
