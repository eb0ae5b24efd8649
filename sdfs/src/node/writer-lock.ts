/**
 * One writer at a time for a volume, on hosts and on devices by the same rule (DESIGN.md, "One lock"; the other half is
 * `native/device/src/platform/writer_lock.rs`): an exclusive flock(2) on the image file, or on the node of the whole disk.
 * The kernel drops it with the descriptor, however its holder ends and wherever it runs.
 */
import { closeSync, fstatSync, openSync, statSync, type Stats } from 'node:fs';

import { messageOf } from '@cocon-os/cli';
import { programEnvironment, runProgramNow } from '@cocon-os/cli/host-program';
import { holderOf } from '@cocon-os/cli/lock-holder';

import { SdfsError } from '../errors.ts';
import { blockDeviceFacts, deviceNumber } from './block-device-facts.ts';

/**
 * How long a writer waits for another one, in seconds: for one that is about to end, and for udev, which holds the lock
 * while it looks at what was written last.
 */
const PATIENCE = 5;

/** Exit status of flock(1) when somebody else holds the lock. */
const CONFLICT = 1;

/**
 * Locks out other writers of the file or block device that `descriptor` is open on, and returns what ends that; closing
 * `descriptor` ends it, too. Throws `VOLUME_LOCKED`, or `SDFS_IO` where no lock can be taken.
 */
export function lockForWriting(descriptor: number, path: string, patience = PATIENCE): () => void {
  const node = lockedNode(fstatSync(descriptor));
  if (node === undefined) {
    takeLock(descriptor, path, patience);
    return () => {};
  }
  const own = openNode(node, path);
  try {
    takeLock(own, path, patience);
  } catch (thrown) {
    closeSync(own);
    throw thrown;
  }
  return () => closeSync(own);
}

/** What is locked for a file or device: the whole disk, or the file below a loop device; `undefined`: the file itself. */
function lockedNode(stats: Stats): { readonly path: string; readonly number?: string } | undefined {
  if (!stats.isBlockDevice()) return undefined;
  const { path, number, backingFile } = blockDeviceFacts(stats.rdev).disk;
  const below = backingFile === undefined ? undefined : statSync(backingFile, { throwIfNoEntry: false });
  if (backingFile === undefined || below === undefined) return { path, number };
  return lockedNode(below) ?? { path: backingFile };
}

/** Opened for reading: udev looks anew at a device that was open for writing. */
function openNode(node: { readonly path: string; readonly number?: string }, path: string): number {
  const cannot = (why: string, cause?: unknown): SdfsError =>
    new SdfsError('SDFS_IO', `Cannot lock "${path}" for writing: ${why}`, {
      hint: `Writers of a disk's partitions lock the whole disk; make ${node.path} readable here, too.`,
      cause,
    });
  let descriptor: number;
  try {
    descriptor = openSync(node.path, 'r');
  } catch (cause) {
    throw cannot(messageOf(cause), cause);
  }
  const found = deviceNumber(fstatSync(descriptor).rdev);
  if (node.number === undefined || found === node.number) return descriptor;
  closeSync(descriptor);
  throw cannot(`${node.path} is device ${found}, expected ${node.number}`);
}

/**
 * Node has no flock(2). The lock belongs to the open file description, which flock(1) shares while it runs (as in the
 * shell's `flock 9`), so the lock stays when flock(1) has ended.
 */
function takeLock(descriptor: number, path: string, patience: number): void {
  const args = ['--exclusive', '--wait', String(patience), '3'];
  const { status, stderr, error } = runProgramNow('flock', args, programEnvironment(), [descriptor]);
  if (status === 0) return;
  if (status === CONFLICT) {
    const pid = holderOf(descriptor);
    throw new SdfsError(
      'VOLUME_LOCKED',
      `Cannot open "${path}" for writing: ${pid === undefined ? 'another process' : `process ${pid}`} is writing to it`,
      { hint: 'Wait for it to end.', ...(pid === undefined ? {} : { facts: { pid } }) },
    );
  }
  throw new SdfsError(
    'SDFS_IO',
    `Cannot lock "${path}" for writing: ${error === undefined ? stderr.trim() : messageOf(error)}`,
    { hint: 'The lock is taken by flock of util-linux; is it installed?', cause: error },
  );
}
