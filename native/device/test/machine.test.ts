import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isSdfsError, Volume } from '@cocon-os/sdfs';
import { openFileDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { artifactOf } from '../../../updater/test/support/archive.ts';
import { diskImage, formatPartition } from '../../../updater/test/support/disk.ts';
import { makeRelease, trustedKey } from '../../../updater/test/support/release.ts';
import { install } from '../../../updater/test/support/volume.ts';
import { serveFolder, type ServerOptions } from './support/http-server.ts';
import { BINARY, device, run } from './support/programs.ts';
import { writeVolume } from './support/volume-file.ts';

const VOLUME_BYTES = 16 * 1024 * 1024;
const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0' });

const folder = mkdtempSync(join(tmpdir(), 'cocon-device-machine-'));
const at = (name: string): string => join(folder, name);
const volume = at('volume.img');
const place = ['--volume', volume, '--key', at('release.pub')];
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

beforeAll(async () => {
  writeVolume(at('fresh.img'), VOLUME_BYTES, first);
  writeFileSync(at('release.pub'), trustedKey.pem);
  writeFileSync(at('2.0.0.oci'), await artifactOf(second));
});
beforeEach(() => copyFileSync(at('fresh.img'), volume));
afterAll(() => rmSync(folder, { recursive: true }));

function expectStaged(): void {
  const image = openFileDevice(volume, 'read');
  try {
    expect(Volume.open(image).slot(1)).toMatchObject({ state: 'trial', releaseDigest: second.digest });
  } finally {
    image.close();
  }
}

/** The process that keeps a writer on this host from the volume. */
function lockHolder(): unknown {
  try {
    openFileDevice(volume, 'write', { lockPatienceSeconds: 0 }).close();
    return undefined;
  } catch (thrown) {
    return isSdfsError(thrown, 'VOLUME_LOCKED') ? thrown.facts['pid'] : thrown;
  }
}

/** Stages what a server of the folder has at `path`. */
async function stageFrom(options: ServerOptions, path = '2.0.0.oci') {
  const server = await serveFolder(folder, options);
  try {
    return { ...(await device(['stage', `${server.url}/${path}`, ...place])), requests: server.requests };
  } finally {
    await server.close();
  }
}

describe('stage over HTTP', () => {
  test.each([true, false])('from a server whose ranges are %s', async (ranges) => {
    const { status, err, requests } = await stageFrom({ ranges });
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(requests[0]).toBe('GET /2.0.0.oci');
    expectStaged();
  });

  test('goes on by ranges where a body broke off', async () => {
    const { status, err, requests } = await stageFrom({ ranges: true, breakAfter: 1_500_000 });
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(requests[1]).toMatch(/^GET \/2\.0\.0\.oci bytes=1500000-$/);
    expectStaged();
  });

  test('tells a missing image, the volume as it was', async () => {
    const { status, err } = await stageFrom({ ranges: true }, 'nowhere.oci');
    expect(status).toBe(1);
    expect(err).toMatch(/404 Not Found \[SOURCE_STATUS\]\nhint: /);
    expect(hashOf(volume)).toBe(hashOf(at('fresh.img')));
  });

  test('says that https is not for devices', async () => {
    const { status, err } = await device(['stage', 'https://127.0.0.1/2.0.0.oci', ...place]);
    expect(status).toBe(1);
    expect(err).toMatch(/\[SOURCE_UNSUPPORTED\]\nhint: /);
  });
});

describe('stage from standard input', () => {
  test('from a pipe', async () => {
    const { status, err } = await device(['stage', '-', ...place], readFileSync(at('2.0.0.oci')));
    expect({ status, err }).toMatchObject({ status: 0 });
    expectStaged();
  });

  test('from a redirected file', async () => {
    const script = 'exec "$@" <"$0"';
    const { status, err } = await run([
      '/bin/sh',
      '-c',
      script,
      at('2.0.0.oci'),
      BINARY,
      'stage',
      '-',
      ...place,
    ]);
    expect({ status, err }).toMatchObject({ status: 0 });
    expectStaged();
  });

  test('tells a pipe that ends early', async () => {
    const { status, err } = await device(
      ['stage', '-', ...place],
      readFileSync(at('2.0.0.oci')).subarray(0, 1_500_000),
    );
    expect(status).toBe(1);
    expect(err).toMatch(/\[ARTIFACT_TRUNCATED\]\nhint: /);
  });
});

describe('the volume', () => {
  test('is locked against a second writer, not against a reader', async () => {
    const holder = spawn('flock', ['--exclusive', volume, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      const { status, err } = await device(['stage', at('2.0.0.oci'), ...place]);
      expect(status).toBe(1);
      expect(err).toMatch(/\[VOLUME_LOCKED\]\nhint: /);
      expect(await device(['status', '--volume', volume])).toMatchObject({ status: 0 });
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
    expect(await device(['stage', at('2.0.0.oci'), ...place])).toMatchObject({ status: 0 });
  });

  test('is locked by the host’s program as by the device’s, and the other way round', async () => {
    const writer = openFileDevice(volume, 'write');
    const refused = await device(['stage', at('2.0.0.oci'), ...place]);
    writer.close();
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('[VOLUME_LOCKED]') });

    const child = spawn(BINARY, ['stage', '-', ...place], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'close');
    try {
      // It opens the volume first and then waits for its standard input.
      await vi.waitFor(() => expect(lockHolder()).toBe(child.pid), { timeout: 30_000 });
    } finally {
      child.stdin.end();
      await ended;
    }
    expect(lockHolder()).toBeUndefined();
  });

  test('on a read-only file system is read, and not written', async () => {
    const sealed = ['bwrap', '--ro-bind', '/', '/', BINARY];
    expect(await run([...sealed, 'status', '--volume', volume])).toMatchObject({ status: 0 });
    const { status, err } = await run([...sealed, 'stage', at('2.0.0.oci'), ...place]);
    expect(status).toBe(1);
    expect(err).toMatch(/\[SDFS_READ_ONLY\]\nhint: /);
    expect(hashOf(volume)).toBe(hashOf(at('fresh.img')));
  });

  test('in a partition of a disk image is found by its type', async () => {
    diskImage(at('disk.img'));
    formatPartition(at('disk.img'), 2, (found) => void install(found, first));
    const { status, out } = await device(['status', '--volume', at('disk.img'), '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ slots: [{ state: 'trial', digest: first.digest }, {}, {}] });
  });
});
