import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { exists } from '../src/files.ts';
import { removeFreeLock, withLock } from '../src/lock.ts';
import { errorOf, scratchDirectory } from './support.ts';

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
    expect(await withLock(path, vi.fn(), () => Promise.resolve('done'))).toBe('done');
  });

  it('leaves no file behind, and takes one that was left', async () => {
    const path = join(await scratchDirectory(), 'lock');
    await writeFile(path, '99999999.1');
    const onWait = vi.fn<() => void>();
    expect(await withLock(path, onWait, () => exists(path))).toBe(true);
    expect([onWait.mock.calls.length, await exists(path)]).toEqual([0, false]);
  });

  it('says once that it waits, and holds on to a name that was given to another file', async () => {
    const path = join(await scratchDirectory(), 'lock');
    const { promise, resolve } = Promise.withResolvers<void>();
    const onWait = vi.fn<() => void>(resolve);
    let waiting: Promise<unknown> | undefined;
    await withLock(path, vi.fn(), async () => {
      waiting = withLock(path, onWait, async () => {});
      await promise;
      await rm(path);
      await writeFile(path, 'of somebody else');
    });
    await waiting;
    expect(onWait).toHaveBeenCalledTimes(1);
  });

  it('names the path that cannot be locked', async () => {
    const path = join(await scratchDirectory(), 'lock');
    await mkdir(path);
    const error = await errorOf(withLock(path, vi.fn(), async () => {}));
    expect([error.code, error.message]).toEqual([
      'CACHE_UNUSABLE',
      expect.stringMatching(/^Cannot lock .*\/lock: EISDIR/),
    ]);
  });

  it('names the package when there is no flock', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    onTestFinished(() => void vi.unstubAllEnvs());
    const error = await errorOf(withLock(join(await scratchDirectory(), 'lock'), vi.fn(), async () => {}));
    expect([error.code, error.hint]).toEqual([
      'HOST_PACKAGE_MISSING',
      'Run: apt-get install --no-install-recommends util-linux',
    ]);
  });
});

describe('removeFreeLock()', () => {
  it('removes what nobody holds, and nothing else', async () => {
    const home = await scratchDirectory();
    const [left, held, other] = ['left', 'held', 'other'].map((name) => join(home, name));
    if (left === undefined || held === undefined || other === undefined) throw new Error('three paths');
    await writeFile(left, '');
    await mkdir(other);
    await withLock(held, vi.fn(), async () => {
      for (const path of [left, held, other, join(home, 'none')]) await removeFreeLock(path);
      expect((await readdir(home)).toSorted()).toEqual(['held', 'other']);
    });
  });
});
