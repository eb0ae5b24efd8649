/**
 * Keeps two processes from doing the same long job at the same time. It saves work and nothing more: results appear by
 * rename, so the job may run twice without harm.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** Runs `job` while holding the lock file `path`. A lock whose owner has died is taken over. */
export async function withLock<T>(path: string, onWait: () => void, job: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (let waited = false; !(await take(path)); waited = true) {
    if (!waited) onWait();
    const owner = await readFile(path, 'utf8').catch(() => undefined);
    if (owner !== undefined && !(await isRunning(owner))) await rm(path, { force: true });
    else await sleep(POLL_MS);
  }
  try {
    return await job();
  } finally {
    await rm(path, { force: true });
  }
}

/** By a link, so that a lock says from its first moment whose it is. */
async function take(path: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, await processIdentity(process.pid));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Names a process as `<pid>.<start time>`, for numbers are used again; the start time is in clock ticks since the machine
 * started (proc_pid_stat(5), field 22). Empty when there is no such process.
 */
export async function processIdentity(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 2 is the program's name in parentheses, which may hold blanks and parentheses itself; field 3 comes behind it.
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  return startTime === undefined ? '' : `${pid}.${startTime}`;
}

/** Whether the process of that identity still runs. */
export async function isRunning(identity: string): Promise<boolean> {
  return (await processIdentity(Number.parseInt(identity, 10))) === identity;
}
