/**
 * One writer at a time for an image file.
 *
 * Node has no flock(2), and a lock file that is taken over when its owner has died has a race in the taking over. So
 * nobody takes over: each writer first announces itself in a file of its own beside the image, then looks for others.
 * Of two that come at once both may give way, but never both go on. What the dead left behind is swept away; a name holds
 * process, start time and boot, so a living process never answers for a dead one.
 */
import { readdirSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { SdfsError } from '../errors.ts';

/** Takes the lock of the image at `path` and returns what gives it back. Throws `VOLUME_LOCKED`, or `SDFS_IO` where none can be taken. */
export function lockForWriting(path: string): () => void {
  const real = realpathSync(path);
  const folder = dirname(real);
  const prefix = `.${basename(real)}.writer-`;
  count += 1;
  const own = `${prefix}${identityOf(process.pid)}-${count}`;
  const release = (): void => unlinkIfThere(join(folder, own));
  try {
    writeFileSync(join(folder, own), '', { flag: 'wx' });
  } catch (cause) {
    throw new SdfsError('SDFS_IO', `Cannot lock "${path}" for writing: ${messageOf(cause)}`, {
      cause,
      hint: `Writing needs a lock file beside the image; make ${folder} writable.`,
    });
  }
  for (const other of readdirSync(folder)) {
    if (!other.startsWith(prefix) || other === own) continue;
    const pid = Number(other.slice(prefix.length).split('-')[0]);
    if (other.startsWith(`${prefix}${identityOf(pid)}-`)) {
      release();
      throw new SdfsError(
        'VOLUME_LOCKED',
        `Cannot open "${path}" for writing: process ${pid} is writing to it`,
        {
          hint: 'Wait for it to end.',
          facts: { pid },
        },
      );
    }
    unlinkIfThere(join(folder, other));
  }
  return release;
}

/** Tells apart the locks of one process. */
let count = 0;

/** Process, start time in clock ticks and boot of a process that lives; of one that does not, nothing matches. */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields after the parenthesised name, which may hold anything: the start time is the 20th of them (proc(5)).
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    return `${pid}-${startTime}-${boot}`;
  } catch {
    return 'none';
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another writer has swept it away.
  }
}
