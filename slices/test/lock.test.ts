import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { isRunning, processIdentity, withLock } from '../src/lock.ts';
import { scratchDirectory } from './support.ts';

/** The identity of a process that has ended. */
async function deadIdentity(): Promise<string> {
  const child = spawn('sleep', ['60']);
  const identity = await processIdentity(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  return identity;
}

describe('withLock()', () => {
  it('lets one job in at a time', async () => {
    const path = join(await scratchDirectory(), 'locks/one');
    let inside = 0;
    let most = 0;
    const job = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      inside -= 1;
    };
    await Promise.all([
      withLock(path, vi.fn(), job),
      withLock(path, vi.fn(), job),
      withLock(path, vi.fn(), job),
    ]);
    expect(most).toBe(1);
  });

  it('gives the lock back when the job fails', async () => {
    const path = join(await scratchDirectory(), 'lock');
    await expect(withLock(path, vi.fn(), () => Promise.reject(new Error('job')))).rejects.toThrow('job');
    expect(await withLock(path, vi.fn(), () => readFile(path, 'utf8'))).toBe(
      await processIdentity(process.pid),
    );
  });

  it('takes over from an owner that has died, also when its number is in use again', async () => {
    const path = join(await scratchDirectory(), 'lock');
    for (const owner of [await deadIdentity(), `${process.pid}.1`]) {
      await writeFile(path, owner);
      expect(await withLock(path, vi.fn(), () => Promise.resolve('done'))).toBe('done');
    }
  });
});

describe('isRunning()', () => {
  it('knows this process and no other one of its number', async () => {
    expect(await isRunning(await processIdentity(process.pid))).toBe(true);
    expect(await isRunning(`${process.pid}.1`)).toBe(false);
    expect(await isRunning(await deadIdentity())).toBe(false);
  });
});
