/** One writer at a time (DESIGN.md, "One lock"), whoever and wherever the other one is. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createImageFile, openFileDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { codeOf } from './helpers/volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

let path = '';
let count = 0;
beforeEach(() => {
  count += 1;
  path = join(folder, `${count}.img`);
  createImageFile(path, 65_536).close();
});

describe('a writer', () => {
  test('VOLUME_LOCKED for a second writer, by whatever name, with its process; readers are let in', () => {
    const link = join(folder, `link-${count}`);
    const hardLink = join(folder, `hard-${count}`);
    symlinkSync(path, link);
    linkSync(path, hardLink);
    const writer = openFileDevice(path, 'write');
    for (const name of [path, link, hardLink]) {
      expect(caught(() => openAtOnce(name))).toMatchObject({
        code: 'VOLUME_LOCKED',
        message: expect.stringContaining(`process ${process.pid} is writing to it`),
        facts: { pid: process.pid },
      });
    }
    openFileDevice(link, 'read').close();
    writer.close();
    openAtOnce(hardLink).close();
  });

  test('VOLUME_LOCKED across processes; the lock of one that was killed holds nobody up', () => {
    const writer = openFileDevice(path, 'write');
    expect(openElsewhere()).toMatchObject({ status: 3, stdout: 'VOLUME_LOCKED\n' });
    writer.close();
    expect(openElsewhere().signal).toBe('SIGKILL');
    openAtOnce(path).close();
  });

  test('VOLUME_LOCKED also where the writer is in a PID namespace of its own', async () => {
    const holder = spawn(
      'bwrap',
      ['--dev-bind', '/', '/', '--unshare-pid', '--proc', '/proc', process.execPath, ...script(HOLD)],
      { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    try {
      await once(holder.stdout, 'data');
      expect(codeOf(() => openAtOnce(path))).toBe('VOLUME_LOCKED');
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
    openAtOnce(path).close();
  });

  test('sees the lock that flock(1) and the device’s cocon-update take, and they see ours', async () => {
    const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      expect(codeOf(() => openAtOnce(path))).toBe('VOLUME_LOCKED');
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
    const writer = openAtOnce(path);
    expect(spawnSync('flock', ['--exclusive', '--nonblock', path, 'true']).status).toBe(1);
    writer.close();
    expect(spawnSync('flock', ['--exclusive', '--nonblock', path, 'true']).status).toBe(0);
  });

  test('waits for a writer that is about to end', async () => {
    const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; sleep 0.2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(codeOf(() => openFileDevice(path, 'write').close())).toBe('done');
    await once(holder, 'close');
  });

  test('leaves nothing beside the image', () => {
    const own = join(folder, `alone-${count}`);
    mkdirSync(own);
    const device = createImageFile(join(own, 'volume.img'), 4096);
    expect(readdirSync(own)).toEqual(['volume.img']);
    device.close();
    expect(readdirSync(own)).toEqual(['volume.img']);
  });
});

/** A writer that does not wait for another. */
const openAtOnce = (name: string) => openFileDevice(name, 'write', { lockPatienceSeconds: 0 });

/** Says that it has the volume, and holds it until its standard input ends. */
const HOLD = "console.log('held'); process.stdin.resume();";
/** Ends without a chance to give anything back. */
const DIE = "process.kill(process.pid, 'SIGKILL');";

/** Arguments of a Node that opens the volume for writing and goes on with `then`. */
function script(then: string): readonly string[] {
  const text = `
    import { openFileDevice } from '@cocon-os/sdfs/node';
    try { openFileDevice(process.argv[1], 'write', { lockPatienceSeconds: 0 }); }
    catch (error) { console.log(error.code); process.exit(3); }
    ${then}`;
  return ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', text, path];
}

const openElsewhere = () =>
  spawnSync(process.execPath, script(DIE), { cwd: import.meta.dirname, encoding: 'utf8' });

function caught(call: () => unknown): unknown {
  try {
    return call();
  } catch (thrown) {
    return thrown;
  }
}
