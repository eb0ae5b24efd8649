/** The tool as a process: exit status and both streams. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commit, mkfs, PARTITION_TYPE, sha256Hex, Volume } from '@cocon-os/sdfs';
import { nodeCrypto, openFileDevice, openVolumeDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../../test/vectors/sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-cli-'));
const bin = join(import.meta.dirname, '../bin/sdfs.ts');
const image = join(folder, 'volume.img');

function sdfs(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', bin, ...args],
    { encoding: 'buffer' },
  );
  return { status, out: stdout.toString(), err: stderr.toString(), bytes: new Uint8Array(stdout) };
}
const digest = (): string => sha256Hex(nodeCrypto, new Uint8Array(readFileSync(image)));
const UUID = '01234567-89ab-4cde-8f01-23456789abcd';

beforeAll(() => {
  sdfs(
    'mkfs',
    '--size',
    '1MiB',
    '--erase-group',
    '64KiB',
    '--ring-records',
    '4',
    '--label',
    'test',
    '--uuid',
    UUID,
    image,
  );
  const device = openFileDevice(image, 'write');
  const volume = Volume.open(device);
  commit(volume, stageSample(volume, sampleRelease(1)), { time: 1_700_000_000 });
  stageSample(volume, sampleRelease(2));
  device.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('sdfs', () => {
  test.each([
    [[], 2],
    [['--help'], 0],
    [['frobnicate'], 2],
    [['info'], 2],
    [['info', 'a', 'b'], 2],
    [['info', '--frobnicate', 'a'], 2],
    [['ls', image, 'first'], 2],
    [['info', join(folder, 'missing')], 1],
  ])('%j exits with %i and says why', (args, status) => {
    const run = sdfs(...args);
    expect(run.status).toBe(status);
    if (status !== 0) expect(run.err).not.toBe('');
    if (status !== 0) expect(run.out).toBe('');
  });

  test.each(['mkfs', 'info', 'ls', 'cat', 'fsck', 'dump'])(
    '%s --help shows options and examples',
    (command) => {
      const { status, out } = sdfs(command, '--help');
      expect(status).toBe(0);
      expect(out).toMatchSnapshot();
    },
  );

  test('an error that nobody catches is reported like any other', () => {
    const late = `process.on('newListener', (name) => {
      if (name === 'uncaughtException') setImmediate(() => { throw new Error('late'); });
    });`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(late)}`, bin, 'ls', '--json', image],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('sdfs: late [INTERNAL]\n');
    expect(stdout).toContain('{"error":{"code":"INTERNAL","message":"late"');
  });

  test('cat ends without a word when nobody reads any more', () => {
    const line = `set +o pipefail; "$0" "$1" cat "$2" 0 kernel | true; echo \${PIPESTATUS[0]}`;
    const { stdout, stderr } = spawnSync('bash', ['-c', line, process.execPath, bin, image], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });

  test('--json puts an error on standard output as one object', () => {
    const { status, out } = sdfs('info', '--json', join(folder, 'missing'));
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'FILE_NOT_FOUND', hint: 'Check the path.' } });
  });
});

describe('sdfs mkfs', () => {
  test('asks before it destroys a volume; without a terminal it needs --yes', () => {
    const before = digest();
    const refused = sdfs('mkfs', image);
    expect(refused).toMatchObject({ status: 1, out: '' });
    expect(refused.err).toBe(
      `sdfs: Cannot make a volume on "${image}": it holds the SDFS volume "test" with 2 of 3 slots in use [VOLUME_EXISTS]\nhint: Give --yes to destroy that.\n`,
    );
    expect(digest()).toBe(before);
  });

  test('takes the end of the input at its question for a no', () => {
    const before = digest();
    const { stdout } = spawnSync(
      'script',
      ['--quiet', '--return', '--command', `"${process.execPath}" "${bin}" mkfs "${image}"`, '/dev/null'],
      { input: '\u0004', encoding: 'utf8', timeout: 20_000 },
    );
    expect(stdout).toContain('Destroy it? [y/N]');
    expect(stdout).toContain('[VOLUME_EXISTS]');
    expect(digest()).toBe(before);
  });

  test('asks before it destroys anything else, too', () => {
    const path = join(folder, 'other.img');
    writeFileSync(path, new Uint8Array(2 ** 20).fill(1, 100, 200));
    expect(sdfs('mkfs', '--erase-group', '64KiB', '--ring-records', '4', path).err).toContain(
      'it holds data that is no SDFS volume [VOLUME_EXISTS]',
    );
    expect(sdfs('mkfs', '--erase-group', '64KiB', '--ring-records', '4', '--yes', path).status).toBe(0);
    expect(sdfs('info', path).status).toBe(0);
  });

  test.each([
    [['--size', '1MiB'], 'SDFS_TOO_SMALL'],
    [['--size', '64MiB', '--slots', '1'], 'SDFS_BAD_GEOMETRY'],
    [['--size', '64MiB', '--erase-group', '100'], 'SDFS_BAD_GEOMETRY'],
    [['--size', '64MiB', '--uuid', 'x'], 'SDFS_BAD_GEOMETRY'],
    [['--size', 'big'], 'USAGE'],
    [['--size', '64MiB', '--sequence', '-1'], 'USAGE'],
    [[], 'USAGE'],
  ])('%j is refused with %s, and no file is made', (args, code) => {
    const path = join(folder, 'never.img');
    expect(sdfs('mkfs', ...args, path).err).toContain(`[${code}]`);
    expect(existsSync(path)).toBe(false);
  });

  test('Law 7: geometry is enforced: a partition that does not begin with an erase group is refused', () => {
    const path = join(folder, 'disk.img');
    writeFileSync(path, '');
    truncateSync(path, 64 * 2 ** 20);
    const table = ['label: gpt', `start=2048, size=81920, type=${PARTITION_TYPE}`].join('\n');
    execFileSync('sfdisk', ['--quiet', path], { input: table });
    const before = sha256Hex(nodeCrypto, readFileSync(path));
    const { status, err } = sdfs('mkfs', '--yes', '--partition', '1', path);
    expect(status).toBe(1);
    expect(err).toContain(
      'it begins at byte 1048576, expected a multiple of the erase group of 4194304 bytes',
    );
    expect(err).toContain('[SDFS_BAD_GEOMETRY]\nhint: Begin the partition at byte 4194304, or');
    expect(sha256Hex(nodeCrypto, readFileSync(path))).toBe(before);
    expect(sdfs('mkfs', '--yes', '--partition', '1', '--erase-group', '1MiB', path).status).toBe(0);
    expect(sdfs('fsck', path)).toMatchObject({ status: 0, out: '0 errors, 0 warnings, 0 notes\n' });
  });

  test('Law 7: geometry is enforced: fsck finds a volume that was moved off the erase groups', () => {
    const path = join(folder, 'moved.img');
    writeFileSync(path, '');
    truncateSync(path, 64 * 2 ** 20);
    const table = ['label: gpt', `start=2048, size=81920, type=${PARTITION_TYPE}`].join('\n');
    execFileSync('sfdisk', ['--quiet', path], { input: table });
    const { device } = openVolumeDevice(path, 'write');
    mkfs(device, {}, nodeCrypto);
    device.close();
    const { status, out } = sdfs('fsck', path);
    expect(status).toBe(1);
    expect(out).toMatch(/^error: volume: it begins at byte 1048576 .*\[VOLUME_MISALIGNED\]\n {2}hint: /);
    expect(JSON.parse(sdfs('dump', '--json', path).out)).toMatchObject({
      findings: [{ code: 'VOLUME_MISALIGNED' }],
    });
  });

  test('takes sequence and UUID as given', () => {
    const path = join(folder, 'chosen.img');
    const { out } = sdfs(
      'mkfs',
      '--json',
      '--size',
      '64MiB',
      '--uuid',
      UUID.toUpperCase(),
      '--sequence',
      '18446744073709551615',
      path,
    );
    expect(JSON.parse(out)).toMatchObject({ volume: { volumeUuid: UUID, slotCount: 3, sizeBytes: 2 ** 26 } });
    expect(JSON.parse(sdfs('info', '--json', path).out)).toMatchObject({
      record: { sequence: '18446744073709551615' },
    });
  });
});

describe('sdfs info, ls, cat, fsck, dump', () => {
  test('change nothing', () => {
    const before = digest();
    for (const args of [['info'], ['ls'], ['fsck', '--deep'], ['dump']])
      expect(sdfs(...args, image).status).toBe(0);
    sdfs('cat', image, '0', 'kernel');
    expect(digest()).toBe(before);
  });

  test('info tells the slots', () => {
    const { out } = sdfs('info', image);
    expect(out).toMatch(/^boots +slot 1, then slot 0$/m);
    expect(out).toMatch(
      /^slot 1 +trial, sample 2\.0, priority 2, 3 of 3 attempts left, progress none, [0-9a-f]{12}$/m,
    );
    expect(JSON.parse(sdfs('info', '--json', image).out)).toMatchObject({
      volume: { volumeUuid: UUID, label: 'test', writable: true },
      slots: [
        { state: 'confirmed', release: { version: '1.0' } },
        { state: 'trial' },
        { state: 'empty', release: null },
      ],
      bootOrder: [1, 0],
    });
  });

  test('what could steer a terminal is shown, not obeyed: info, dump, and the question of mkfs', () => {
    const path = join(folder, 'hostile.img');
    const label = '\u001B[2J\u009B1m';
    const small = ['--erase-group', '64KiB', '--ring-records', '4'];
    expect(sdfs('mkfs', ...small, '--size', '1MiB', '--label', label, path).status).toBe(0);
    expect(sdfs('info', path).out).toContain('"?[2J?1m"');
    expect(sdfs('dump', path).out).toContain('"\\u001b[2J?1m"');
    expect(sdfs('mkfs', ...small, path).err).toContain('"?[2J?1m"');
    expect(JSON.parse(sdfs('info', '--json', path).out)).toMatchObject({ volume: { label } });
  });

  test('ls lists files and their places', () => {
    expect(sdfs('ls', image, '0').out.split('\n').filter(Boolean)).toHaveLength(7);
    expect(JSON.parse(sdfs('ls', '--json', image).out)).toMatchObject({
      slots: [{ slot: 0, files: [{ name: 'release.json' }, {}, {}, {}, {}, {}, {}] }, { slot: 1 }],
    });
    expect(sdfs('ls', image, '2').err).toContain('[SLOT_NOT_FOUND]');
  });

  test('ls lists what can be read beside a slot that cannot, and says which; exit status 1', () => {
    const path = join(folder, 'one-lost.img');
    writeFileSync(path, readFileSync(image));
    const device = openFileDevice(path, 'write');
    device.write(Volume.open(device).slot(0).descriptorBlock * 4096, new Uint8Array(4096));
    device.close();
    const { status, out, err } = sdfs('ls', path);
    expect(status).toBe(1);
    expect(out.split('\n').filter(Boolean)).toHaveLength(7);
    expect(err).toMatch(/^sdfs: Cannot read descriptor of slot 0 .* \[SDFS_BAD_MAGIC\]\nhint: .*\n$/);
    expect(JSON.parse(sdfs('ls', '--json', path).out)).toMatchObject({
      slots: [
        { slot: 0, error: 'SDFS_BAD_MAGIC' },
        { slot: 1, files: expect.any(Array) },
      ],
    });
    expect(sdfs('ls', path, '0')).toMatchObject({ status: 1, out: '' });
  });

  test('dump --json tells what there is without a superblock, and without a record', () => {
    const path = join(folder, 'bare.img');
    writeFileSync(path, new Uint8Array(2 ** 20));
    expect(JSON.parse(sdfs('dump', '--json', path).out)).toMatchObject({
      superblock: null,
      records: [],
      slots: [],
      findings: [{ code: 'SUPERBLOCK_A_UNUSABLE' }, { code: 'SUPERBLOCK_B_UNUSABLE' }, {}],
    });
    writeFileSync(path, readFileSync(image).fill(0, 16 * 4096, 48 * 4096));
    expect(JSON.parse(sdfs('dump', '--json', path).out)).toMatchObject({
      superblock: { volumeUuid: UUID },
      records: [],
      slots: [],
    });
  });

  test('cat writes the very bytes, and exits with 1 when their SHA-256 is not the one', () => {
    expect(sdfs('cat', image, '0', 'kernel').bytes).toEqual(sampleRelease(1).contents['kernel']);
    expect(sdfs('cat', image, '0', 'vmlinuz')).toMatchObject({ status: 1, out: '' });
    const { base64 } = JSON.parse(sdfs('cat', '--json', image, '1', 'initrd').out) as {
      readonly base64: string;
    };
    expect(new Uint8Array(Buffer.from(base64, 'base64'))).toEqual(sampleRelease(2).contents['initrd']);
  });

  test('a damaged file: cat and fsck --deep exit with 1 and name it, fsck alone does not look', () => {
    const copy = join(folder, 'damaged.img');
    writeFileSync(copy, readFileSync(image));
    const device = openFileDevice(copy, 'write');
    const [extent] = Volume.open(device).file(0, 'rootfs').extents;
    device.write((extent?.start ?? 0) * 4096, Uint8Array.of(0));
    device.close();
    expect(sdfs('cat', copy, '0', 'rootfs')).toMatchObject({
      status: 1,
      err: expect.stringContaining('[FILE_BAD_HASH]'),
    });
    expect(sdfs('fsck', copy)).toMatchObject({ status: 0, out: '0 errors, 0 warnings, 0 notes\n' });
    const deep = sdfs('fsck', '--deep', '--json', copy);
    expect(deep.status).toBe(1);
    expect(JSON.parse(deep.out)).toMatchObject({
      errors: 1,
      findings: [{ code: 'FILE_DAMAGED', place: 'slot 0' }],
    });
  });

  test('dump --json holds every record that is left', () => {
    const { records } = JSON.parse(sdfs('dump', '--json', image).out) as {
      readonly records: readonly { readonly sequence: number }[];
    };
    expect(records.map((record) => record.sequence).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
