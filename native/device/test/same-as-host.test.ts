import { copyFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { artifactOf } from '../../../updater/test/support/archive.ts';
import { makeKey } from '../../../updater/test/support/keys.ts';
import { makeRelease, trustedKey } from '../../../updater/test/support/release.ts';
import { device, host, type Outcome } from './support/programs.ts';
import { timelessBytes, writeVolume } from './support/volume-file.ts';

const VOLUME_BYTES = 16 * 1024 * 1024;
const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0', initrd: true, deviceTrees: ['board.dtb'] });
const third = makeRelease({ version: '3.0.0' });

/** Checks that a kernel starts otherwise than people think, or not at all. */
const ODD = {
  bare: 'exit 0\n',
  'bare-fails': 'echo bare\nexit 5\n',
  empty: '',
  crlf: '#!/bin/sh\r\nexit 0\r\n',
  'no-interpreter': '#!/nowhere/sh\n',
  directory: '#!/bin\n',
  bytes: Uint8Array.of(1, 0, 2, 10),
};

const folder = mkdtempSync(join(tmpdir(), 'cocon-device-'));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  writeVolume(at('fresh.img'), VOLUME_BYTES, first);
  writeFileSync(at('release.pub'), trustedKey.pem);
  writeFileSync(at('other.pub'), makeKey().pem);
  for (const release of [first, second, third]) {
    writeFileSync(at(`${release.release.version}.oci`), await artifactOf(release));
  }
  const archive = await artifactOf(second);
  writeFileSync(at('truncated.oci'), archive.subarray(0, 1_000_000));
  const changed = Uint8Array.from(archive);
  changed[1_000_000] = (changed[1_000_000] ?? 0) ^ 1;
  writeFileSync(at('changed.oci'), changed);
  writeFileSync(at('text.oci'), 'This is no archive.\n'.repeat(100));
  writeHealthChecks('healthy', { '10-quick': 'exit 0', '20-also': 'echo fine' });
  writeHealthChecks('ill', { '10-quick': 'exit 0', '20-network': 'echo no route; exit 4' });
  writeHealthChecks('killed', { '10-crashes': 'echo one; printf "two\\033[1m\\n"; kill -SEGV $$' });
  for (const [name, contents] of Object.entries(ODD)) {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/10-${name}`), contents);
    chmodSync(at(`${name}/10-${name}`), 0o755);
  }
  writeHealthChecks('slow', { '10-hangs': 'echo waiting; sleep 60 & wait' });
});

afterAll(() => rmSync(folder, { recursive: true }));

function writeHealthChecks(name: string, checks: Readonly<Record<string, string>>): void {
  mkdirSync(at(name));
  for (const [check, script] of Object.entries(checks)) {
    writeFileSync(at(`${name}/${check}`), `#!/bin/sh\n${script}\n`);
    chmodSync(at(`${name}/${check}`), 0o755);
  }
}

/** What a command says, without how long it took and which of the two volumes it was. */
function wordsOf({ status, out, err }: Outcome): Outcome {
  return { status, out: timeless(out), err: timeless(err) };
}

function timeless(text: string): string {
  return text
    .replaceAll(/(host|device)\.img/g, 'volume.img')
    .replaceAll(/\d+\.\d s\b/g, '? s')
    .replaceAll(/"(seconds|time)":[\d.]+/g, '"$1":0')
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?/g, '?');
}

/** Runs the same commands on two copies of the volume and compares all that can be seen after each. */
async function expectSame(commands: readonly (readonly string[])[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of ['host.img', 'device.img']) copyFileSync(at('fresh.img'), at(name));
  for (const [command = '', ...args] of commands) {
    const full = (image: string) => [command, ...args, '--volume', at(image)];
    const onHost = await host(full('host.img'));
    const onDevice = await device(full('device.img'));
    expect({ command, ...wordsOf(onDevice) }).toEqual({ command, ...wordsOf(onHost) });
    const sameBytes = timelessBytes(at('device.img')).equals(timelessBytes(at('host.img')));
    expect({ command, sameBytes }).toEqual({ command, sameBytes: true });
    outcomes.push(onDevice);
  }
  return outcomes;
}

const stage = (image: string, ...more: string[]): string[] => [
  'stage',
  at(image),
  '--key',
  at('release.pub'),
  ...more,
];
const statuses = (outcomes: readonly Outcome[]) => outcomes.map(({ status }) => status);

describe('cocon-update on a device does what it does on a host', () => {
  test('through the life of a release', async () => {
    const outcomes = await expectSame([
      ['status'],
      ['status', '--json'],
      stage('2.0.0.oci'),
      ['status', '--json'],
      ['mark', 'init', '--slot', '1'],
      ['check', '--slot', '1', '--directory', at('healthy')],
      ['status'],
      stage('3.0.0.oci', '--json'),
      ['check', '--slot', '2', '--directory', at('ill')],
      ['check', '--slot', '2', '--directory', at('slow'), '--timeout', '0.5'],
      ['rollback', '--slot', '2'],
      stage('3.0.0.oci'),
      stage('3.0.0.oci', '--force', '--progress', 'json'),
      ['commit', '--slot', '2', '--json'],
      ['history', '--json'],
      ['verify', '--key', at('release.pub')],
      ['status', '--json'],
    ]);
    expect(statuses(outcomes)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0]);
  });

  test.each(['killed', ...Object.keys(ODD)])('with a check that is %s', async (name) => {
    const [, , check, , history] = await expectSame([
      stage('2.0.0.oci'),
      ['mark', 'init', '--slot', '1'],
      ['check', '--slot', '1', '--directory', at(name)],
      ['status', '--json'],
      ['history'],
      ['mark', 'shutdown', '--slot', '1'],
      ['status'],
    ]);
    expect(check?.status).toBe(name === 'bare' || name === 'empty' ? 0 : 1);
    expect(history?.status).toBe(0);
  });

  test('in what it refuses', async () => {
    const outcomes = await expectSame([
      stage('truncated.oci'),
      stage('text.oci', '--json'),
      stage('changed.oci'),
      stage('1.0.0.oci'),
      ['stage', at('2.0.0.oci'), '--key', at('other.pub')],
      ['stage', at('2.0.0.oci'), '--key', at('nowhere.pub')],
      ['commit', '--slot', '2'],
      ['rollback', '--slot', '0'],
      ['verify', '--slot', '7', '--key', at('release.pub')],
      ['status', 'too', 'much'],
      ['nonsense'],
      ['stage', '--help'],
    ]);
    expect(statuses(outcomes)).toEqual([1, 1, 1, 3, 1, 1, 1, 1, 1, 2, 2, 0]);
  });
});
