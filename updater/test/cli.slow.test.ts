import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { commit, mkfs, Volume } from '@cocon-os/sdfs';
import { createImageFile, nodeCrypto, openFileDevice } from '@cocon-os/sdfs/node';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { program } from '../src/index.ts';
import { artifactOf } from './support/archive.ts';
import { coconUpdate, PROGRAM } from './support/cli.ts';
import { diskImage, formatPartition } from './support/disk.ts';
import { makeKey } from './support/keys.ts';
import { makeRelease, trustedKey } from './support/release.ts';
import { GROUP_BLOCKS, install, VOLUME_BYTES } from './support/volume.ts';

const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0' });
let folder = '';
let image = '';
let key = '';
const at = (name: string): string => join(folder, name);
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cocon-cli-'));
  key = at('release.pub');
  writeFileSync(key, trustedKey.pem);
  writeFileSync(at('first.oci'), await artifactOf(first));
  writeFileSync(at('second.oci'), await artifactOf(second));
});

/** A volume image with the first release confirmed in slot 0. */
beforeEach(() => {
  image = at(`volume-${Math.random()}.img`);
  const device = createImageFile(image, VOLUME_BYTES);
  const volume = mkfs(
    device,
    { slots: 3, groupBlocks: GROUP_BLOCKS, ringRecords: 16, label: 'cli' },
    nodeCrypto,
  );
  commit(volume, install(volume, first));
  device.close();
});

const stage = (...more: readonly string[]) =>
  coconUpdate(['stage', at('second.oci'), '--volume', image, '--key', key, ...more]);

function openImage<Value>(use: (volume: Volume) => Value): Value {
  const device = openFileDevice(image, 'write');
  try {
    return use(Volume.open(device));
  } finally {
    device.close();
  }
}

describe('cocon-update stage', () => {
  test('stages, says so on standard output and shows its steps on standard error', async () => {
    const { status, out, err } = await stage();
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(out).toMatch(
      /^Staged cocon-test 2\.0\.0 in slot 1: 2\.4 MiB in \d+\.\d s, read back and verified\.\nRelease [0-9a-f]{64}\nThe next boot tries it, at most 3 times until it is committed\.\n$/,
    );
    expect(err).toMatch(/^check \(2\.4 MiB\)\nwrite \(2\.4 MiB\)\nverify \(2\.4 MiB\)\n$/);
  });

  test('--json prints one object, --progress json a line a percent', async () => {
    const { status, out, err } = await stage('--json', '--progress', 'json');
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(JSON.parse(out)).toMatchObject({
      slot: 1,
      name: 'cocon-test',
      version: '2.0.0',
      digest: second.digest,
      attempts: 3,
    });
    const lines = err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string; done: number; total: number });
    expect([...new Set(lines.map((line) => line.step))]).toEqual(['check', 'write', 'verify']);
    expect(lines.every((line) => line.done <= line.total)).toBe(true);
  });

  test('stages from a pipe', async () => {
    const { status, err } = await coconUpdate(
      ['stage', '-', '--volume', image, '--key', key],
      readFileSync(at('second.oci')),
    );
    expect({ status, err }).toMatchObject({ status: 0 });
  });

  test('stages from a named pipe, and reads it to the end of its writer', async () => {
    const pipe = at('pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('dd', [`if=${at('second.oci')}`, `of=${pipe}`, 'bs=64K', 'status=none']);
    const written = once(writer, 'exit');
    const { status, err } = await coconUpdate(['stage', pipe, '--volume', image, '--key', key]);
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(await written).toEqual([0, null]);
  });

  test('stages what skopeo made of it: other order, no platform in the index', async () => {
    execFileSync('skopeo', [
      'copy',
      '--quiet',
      `oci-archive:${at('second.oci')}`,
      `oci-archive:${at('copied.oci')}`,
    ]);
    const { status, out, err } = await coconUpdate([
      'stage',
      at('copied.oci'),
      '--volume',
      image,
      '--key',
      key,
      '--json',
    ]);
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(JSON.parse(out)).toMatchObject({ digest: second.digest });
  });

  test('has nothing to do for what is staged already: exit status 3, its code and hint, the volume as it was', async () => {
    await stage();
    const before = hashOf(image);
    const { status, out, err } = await stage('--json');
    expect(status).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'RELEASE_PRESENT' } });
    expect(err).toMatch(/\[RELEASE_PRESENT\]\nhint: /);
    expect(hashOf(image)).toBe(before);
  });

  test('fails with exit status 1, its code on both streams and a hint', async () => {
    writeFileSync(at('other.pub'), makeKey().pem);
    const before = hashOf(image);
    const { status, out, err } = await coconUpdate([
      'stage',
      at('second.oci'),
      '--volume',
      image,
      '--key',
      at('other.pub'),
      '--json',
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'RELEASE_UNTRUSTED', hint: expect.any(String) } });
    expect(err).toMatch(/^cocon-update: Cannot .* \[RELEASE_UNTRUSTED\]\nhint: .*\.\n$/);
    expect(hashOf(image)).toBe(before);
  });

  test.each([
    ['an image that is not there', ['nowhere.oci'], 'SOURCE_NOT_FOUND'],
    ['an image below a file', ['package.json/image.oci'], 'SOURCE_NOT_FOUND'],
    ['a directory', ['.'], 'SOURCE_IO'],
    ['a place of an unknown kind', ['ftp://host/x'], 'SOURCE_UNSUPPORTED'],
    ['a host that does not answer', ['http://127.0.0.1:1/x'], 'SOURCE_UNREACHABLE'],
  ])('refuses %s', async (_, args, code) => {
    const { status, err } = await coconUpdate(['stage', ...args, '--volume', image, '--key', key]);
    expect(status).toBe(1);
    expect(err).toContain(`[${code}]\nhint: `);
  });

  test.each([
    ['no image', [], /<image\.oci> is missing/],
    ['two images', ['a', 'b'], /one argument too many/],
    ['an unknown option', ['a', '--fast'], /--fast/],
    ['an unknown architecture', ['first.oci', '--architecture', 'z80'], /z80/],
    ['an unknown kind of progress', ['first.oci', '--progress', 'dots'], /dots/],
  ])('calls %s a wrong command line: exit status 2', async (_, args, message) => {
    const full = args.map((arg) => (arg === 'first.oci' ? at(arg) : arg));
    const { status, err } = await coconUpdate(['stage', ...full, '--volume', image, '--key', key]);
    expect(status).toBe(2);
    expect(err).toMatch(message);
  });
});

const statusOf = (path: string, ...more: readonly string[]) =>
  coconUpdate(['status', '--volume', path, '--json', ...more]);

describe('cocon-update --volume', () => {
  test('finds the one SDFS partition of a disk', async () => {
    diskImage(at('disk.img'));
    formatPartition(at('disk.img'), 2);
    const { status, out } = await statusOf(at('disk.img'));
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ volume: { label: 'test' }, running: null, next: null });
  });

  test('asks which one when there are two', async () => {
    diskImage(at('two.img'), { volumes: 2 });
    formatPartition(at('two.img'), 3);
    expect((await statusOf(at('two.img'))).err).toContain('[SEVERAL_SDFS_PARTITIONS]\nhint: ');
    expect(await statusOf(at('two.img'), '--partition', '3')).toMatchObject({ status: 0 });
  });

  test('refuses a disk without one', async () => {
    diskImage(at('none.img'), { volumes: 0 });
    expect((await statusOf(at('none.img'))).err).toContain('[NO_SDFS_PARTITION]\nhint: ');
  });

  test('refuses a volume with an unknown incompat bit', async () => {
    const bytes = readFileSync(image);
    for (const copy of [0, bytes.length - 4096]) setFeature(bytes, copy, 40);
    writeFileSync(image, bytes);
    const before = hashOf(image);
    const { status, err } = await stage();
    expect(status).toBe(1);
    expect(err).toContain('[SDFS_UNSUPPORTED_FEATURE]\nhint: ');
    expect(hashOf(image)).toBe(before);
  });

  test('only reads a volume with an unknown ro-compat bit', async () => {
    const bytes = readFileSync(image);
    for (const copy of [0, bytes.length - 4096]) setFeature(bytes, copy, 36);
    writeFileSync(image, bytes);
    expect(JSON.parse((await statusOf(image)).out)).toMatchObject({ volume: { writable: false } });
    const { status, err } = await stage();
    expect(status).toBe(1);
    expect(err).toContain('[SDFS_READ_ONLY]\nhint: ');
  });

  test('refuses a second writer', async () => {
    const device = openFileDevice(image, 'write');
    try {
      const { status, err } = await stage();
      expect(status).toBe(1);
      expect(err).toContain('[VOLUME_LOCKED]\nhint: ');
    } finally {
      device.close();
    }
  });
});

/** Sets bit 0 of a feature word of a superblock copy and repairs its checksum (FORMAT.md §3.1). */
function setFeature(bytes: Buffer, copy: number, offset: number): void {
  bytes[copy + offset] = 1;
  bytes.writeUInt32LE(0, copy + 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(copy, copy + 512)), copy + 12);
}

describe('cocon-update commit, rollback, history, verify', () => {
  test('walk through the life of a release', async () => {
    await stage();
    const on = ['--volume', image];
    expect(await coconUpdate(['commit', ...on])).toMatchObject({
      status: 1,
      err: expect.stringContaining('[RUNNING_SLOT_UNKNOWN]'),
    });
    expect(await coconUpdate(['commit', ...on, '--slot', '1'])).toMatchObject({
      status: 0,
      out: 'Slot 1 is confirmed.\n',
    });
    expect(await coconUpdate(['commit', ...on, '--slot', '1'])).toMatchObject({
      status: 3,
      out: 'Nothing to do: slot 1 is confirmed already.\n',
    });
    expect(await coconUpdate(['commit', ...on, '--slot', '2'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('[SLOT_NOT_FOUND]'),
    });
    expect(await coconUpdate(['verify', ...on, '--key', key])).toMatchObject({
      status: 0,
      out: 'slot 0: good, 2.4 MiB\nslot 1: good, 2.4 MiB\n',
    });
    expect(await coconUpdate(['rollback', ...on, '--slot', '1', '--detail', 'too loud'])).toMatchObject({
      status: 0,
      out: 'Slot 1 is given up; the next boot starts slot 0.\n',
    });
    expect(await coconUpdate(['rollback', ...on, '--slot', '1'])).toMatchObject({ status: 3 });
    expect(await coconUpdate(['rollback', ...on, '--slot', '0'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('[NO_BOOTABLE_SLOT]'),
    });
    expect(await coconUpdate(['commit', ...on, '--slot', '1'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('[SLOT_NOT_IN_TRIAL]'),
    });
    expect(await stage()).toMatchObject({
      status: 1,
      err: expect.stringContaining('[RELEASE_FAILED_BEFORE]\nhint: '),
    });
    expect(await stage('--force')).toMatchObject({ status: 0 });
    expect(await coconUpdate(['rollback', ...on])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^Slot \d is given up/),
    });
    const { out } = await coconUpdate(['history', ...on]);
    for (const words of [
      'the volume was made',
      'was confirmed',
      'given up on request: too loud',
      '3 attempts granted',
    ]) {
      expect(out).toContain(words);
    }
    const events = JSON.parse((await coconUpdate(['history', ...on, '--json'])).out) as {
      events: { kind: string }[];
    };
    expect(events.events.map((event) => event.kind)).toEqual(
      expect.arrayContaining(['formatted', 'staged', 'confirmed', 'rollback']),
    );
  });

  test('verify names the file that differs and the slot that it is in', async () => {
    const place = openImage((volume) => volume.file(0, 'rootfs').extents[0]?.start ?? 0);
    const bytes = readFileSync(image);
    bytes[place * 4096 + 5000] = (bytes[place * 4096 + 5000] ?? 0) ^ 0xff;
    writeFileSync(image, bytes);
    const { status, out, err } = await coconUpdate(['verify', '--volume', image, '--key', key]);
    expect(status).toBe(1);
    expect(out).toMatch(/^slot 0: .*"rootfs".* \[FILE_BAD_HASH\]\n$/);
    expect(err).toMatch(/\[VERIFY_FAILED\]\nhint: .*\n$/);
    const json = await coconUpdate(['verify', '--volume', image, '--key', key, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      slots: [{ slot: 0, fault: { code: 'FILE_BAD_HASH' } }],
      error: { code: 'VERIFY_FAILED' },
    });
  });
});

test('an error that nobody catches is reported like any other', () => {
  const late = `process.on('newListener', (name) => {
    if (name === 'uncaughtException') setImmediate(() => { throw new Error('late'); });
  });`;
  const preload = `data:text/javascript,${encodeURIComponent(late)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', preload, PROGRAM, 'history', '--json', '--volume', image],
    { encoding: 'utf8' },
  );
  expect(status).toBe(1);
  expect(stderr).toContain('cocon-update: late [INTERNAL]\n');
  expect(stdout).toContain('{"error":{"code":"INTERNAL","message":"late"');
});

describe('cocon-update --help', () => {
  test('lists the commands', async () => {
    expect((await coconUpdate(['--help'])).out).toMatchSnapshot();
  });

  test.each(program.commands.map((command) => command.name))('%s has options and examples', async (name) => {
    const { status, out } = await coconUpdate([name, '--help']);
    expect(status).toBe(0);
    expect(out).toMatchSnapshot();
  });

  test.each([
    ['no command', [], 2],
    ['an unknown command', ['install'], 2],
  ])('%s is a wrong command line', async (_, args, wanted) => {
    const { status, out, err } = await coconUpdate(args);
    expect({ status, out }).toEqual({ status: wanted, out: '' });
    expect(err).toContain('stage');
  });
});
