/**
 * The program on a device: the volume is found by itself, and the running slot is known. One file of more than 500 lines, because all
 * of it works on one machine that is set up below.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { runProgram } from '@cocon-os/cli';
import { commit, locateVolume, Volume } from '@cocon-os/sdfs';
import { openFileDevice } from '@cocon-os/sdfs/node';
import { beforeEach, describe, expect, test } from 'vitest';

import { program } from '../src/index.ts';
import { artifactOf } from './support/archive.ts';
import { diskImage, formatPartition, VOLUME_PARTITION_UUID } from './support/disk.ts';
import { makeRelease, sha256, trustedKey } from './support/release.ts';
import { rootedPlatform } from './support/rooted-platform.ts';
import { install } from './support/volume.ts';

const first = makeRelease({ version: '1.0.0' });
const second = makeRelease({ version: '2.0.0' });
let root = '';
const disk = (): string => join(root, 'dev/vda');

/**
 * A device with the first release confirmed in slot 0 and the second on trial in slot 1. A file tree has no partitions
 * as devices of their own, so the partition's node is the disk itself, in which the volume is found again.
 */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cocon-device-'));
  for (const folder of [
    'dev',
    'proc',
    'etc/cocon/keys',
    'etc/cocon/health.d',
    'sys/class/block/vda/vda2',
    'sys/class/block/vda2',
  ]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'sys/class/block/vda/uevent'), 'DEVNAME=vda\nDEVTYPE=disk\n');
  writeFileSync(
    join(root, 'sys/class/block/vda2/uevent'),
    `DEVNAME=vda\nDEVTYPE=partition\nPARTN=2\nPARTUUID=${VOLUME_PARTITION_UUID}\n`,
  );
  writeFileSync(join(root, 'etc/cocon/keys/release.pub'), trustedKey.pem);
  diskImage(disk());
  formatPartition(disk(), 2, (volume) => {
    commit(volume, install(volume, first));
    install(volume, second);
  });
});

/** Says which slot runs, as the loader does. */
function boot(slot: number): void {
  const digest = [first, second][slot]?.digest ?? '';
  const line = `console=ttyS0 cocon.slot=${slot} cocon.release=${digest} cocon.volume=PARTUUID=${VOLUME_PARTITION_UUID}\n`;
  writeFileSync(join(root, 'proc/cmdline'), line);
}

function addCheck(name: string, script: string, mode = 0o755): void {
  const path = join(root, 'etc/cocon/health.d', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
}

async function run(...argv: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const platform = rootedPlatform(root, printed);
  const status = await runProgram(program, { terminal: platform.terminal, platform }, argv);
  return { status, ...printed };
}

function slotOf(index: number) {
  const device = openFileDevice(disk(), 'read');
  try {
    return Volume.open(locateVolume(device).device).slot(index);
  } finally {
    device.close();
  }
}

const diskHash = (): string => sha256(readFileSync(disk()));

describe('on a device, cocon-update', () => {
  test('status knows what runs', async () => {
    boot(1);
    const { status, out } = await run('status', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ running: 1, next: 1 });
  });

  test('status does not take another release in the slot for the running one', async () => {
    boot(1);
    const line = readFileSync(join(root, 'proc/cmdline'), 'utf8').replace(second.digest, '0'.repeat(64));
    writeFileSync(join(root, 'proc/cmdline'), line);
    expect(JSON.parse((await run('status', '--json')).out)).toMatchObject({ running: null });
  });

  test('status warns when the kernel that runs was counted on another copy of the volume', async () => {
    boot(1);
    const { status, out } = await run('status', '--json');
    // No loader has counted an attempt on this disk.
    expect({ status, ...JSON.parse(out) }).toMatchObject({
      status: 0,
      running: 1,
      warnings: [{ code: 'ATTEMPT_MISFIT' }],
    });
    expect((await run('status')).out).toMatch(
      /\nWarning: the kernel that runs .* \[ATTEMPT_MISFIT\]\nhint: /,
    );
    boot(0);
    expect(JSON.parse((await run('status', '--json')).out)).toMatchObject({ warnings: [] });
    expect((await run('status')).out).not.toContain('Warning');
  });

  test('status does not compare a volume that is named with the kernel that runs', async () => {
    boot(1);
    expect(JSON.parse((await run('status', '--json', '--volume', '/dev/vda')).out)).toMatchObject({
      warnings: [],
    });
  });

  test('stage never overwrites what runs', async () => {
    boot(0);
    writeFileSync(join(root, 'third.oci'), await artifactOf(makeRelease({ version: '3.0.0' })));
    const { status, err } = await run('stage', join(root, 'third.oci'));
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(slotOf(0).state).toBe('confirmed');
    expect(slotOf(2).state).toBe('trial');
  });

  test('stage never overwrites what runs, also when the volume is named', async () => {
    formatPartition(disk(), 2, (volume) => {
      for (const release of [first, second, makeRelease({ version: '4.0.0' })])
        commit(volume, install(volume, release));
    });
    // Slot 0 comes last in the order of booting; did it not run, it would be the one to overwrite.
    boot(0);
    writeFileSync(join(root, 'third.oci'), await artifactOf(makeRelease({ version: '3.0.0' })));
    const { status, out } = await run('stage', join(root, 'third.oci'), '--volume', '/dev/vda', '--json');
    expect({ status, ...JSON.parse(out) }).toMatchObject({ status: 0, slot: 1 });
    expect(slotOf(0)).toMatchObject({ state: 'confirmed', releaseDigest: first.digest });
  });

  test('stage waits for the end of the trial that runs, also when the volume is named', async () => {
    boot(1);
    writeFileSync(join(root, 'third.oci'), await artifactOf(makeRelease({ version: '3.0.0' })));
    const before = diskHash();
    for (const volume of [[], ['--volume', '/dev/vda']]) {
      expect(await run('stage', join(root, 'third.oci'), ...volume)).toMatchObject({
        status: 1,
        err: expect.stringContaining('[TRIAL_RUNNING]'),
      });
    }
    expect(diskHash()).toBe(before);
  });

  test('stage asks no server for anything while a trial runs', async () => {
    boot(1);
    expect(await run('stage', 'http://127.0.0.1:1/third.oci')).toMatchObject({
      status: 1,
      err: expect.stringContaining('[TRIAL_RUNNING]'),
    });
  });

  test('commit does not take the same release on a volume that is named for the one that runs', async () => {
    boot(1);
    expect(await run('commit', '--volume', '/dev/vda')).toMatchObject({
      status: 1,
      err: expect.stringContaining('[RUNNING_SLOT_UNKNOWN]'),
    });
  });

  test('mark init notes that a trial reached user space', async () => {
    boot(1);
    expect(await run('mark', 'init')).toMatchObject({ status: 0, err: '' });
    expect(slotOf(1)).toMatchObject({ state: 'trial', progress: 'init' });
    const before = diskHash();
    await run('mark', 'init');
    expect(diskHash()).toBe(before);
  });

  test('mark does not take a trial back', async () => {
    boot(1);
    await run('mark', 'health');
    await run('mark', 'init');
    expect(slotOf(1).progress).toBe('health');
    expect((await run('mark', 'kernel')).status).toBe(2);
  });

  test('mark shutdown gives the attempt back while the checks still run, and only once', async () => {
    boot(1);
    formatPartition(disk(), 2, (volume) => {
      for (const release of [first, second]) install(volume, release);
      commit(volume, 0);
      volume.write((draft) => draft.setSlot(1, { attemptsLeft: 2, progress: 2 }), {
        writer: 'loader',
        time: 0,
      });
    });
    addCheck('10-slow', `touch ${root}/runs; until [ -e ${root}/go-on ]; do sleep 0.05; done; exit 1`);
    const checked = run('check');
    while (!existsSync(join(root, 'runs'))) await setTimeout(20);
    expect(JSON.parse((await run('mark', 'shutdown', '--json')).out)).toEqual({
      slot: 1,
      mark: 'shutdown',
      changed: true,
    });
    writeFileSync(join(root, 'go-on'), '');
    expect(await checked).toMatchObject({ status: 1 });
    await run('mark', 'shutdown');
    expect(slotOf(1)).toMatchObject({ state: 'trial', reason: 'shutdown', attemptsLeft: 3, shutdowns: 1 });
    const { slots } = JSON.parse((await run('status', '--json')).out);
    expect(slots[1]).toMatchObject({
      attempts: { shutdowns: 1 },
      explanation:
        'staged, 3 attempts granted: it was shut down or rebooted in good order before its health checks were done, once, which is not charged',
    });
    await run('mark', 'init');
    expect(slotOf(1)).toMatchObject({ reason: 'none', progress: 'init', attemptsLeft: 2 });
  });

  test('commit and rollback need not wait for the checks', async () => {
    boot(1);
    addCheck('10-slow', `touch ${root}/runs; until [ -e ${root}/go-on ]; do sleep 0.05; done`);
    const checked = run('check');
    while (!existsSync(join(root, 'runs'))) await setTimeout(20);
    expect(await run('rollback')).toMatchObject({ status: 0 });
    writeFileSync(join(root, 'go-on'), '');
    expect(await checked).toMatchObject({ status: 0, out: '1 check passed.\n' });
    expect(slotOf(1)).toMatchObject({ state: 'failed', reason: 'rollback' });
  });

  test('mark and check write nothing in a confirmed slot, whether the checks pass or not', async () => {
    boot(0);
    const before = diskHash();
    expect(await run('mark', 'init')).toMatchObject({ status: 0 });
    expect(await run('check')).toMatchObject({ status: 0 });
    addCheck('10-bad', 'exit 1');
    expect(await run('check')).toMatchObject({
      status: 1,
      err: expect.stringContaining('cocon-update rollback'),
    });
    expect(diskHash()).toBe(before);
  });

  test('mark and check of a confirmed slot do not need the lock of a writer', async () => {
    boot(0);
    const writer = openFileDevice(disk(), 'write');
    try {
      expect(await run('mark', 'init')).toMatchObject({ status: 0, err: '' });
      expect(await run('check')).toMatchObject({ status: 0 });
    } finally {
      writer.close();
    }
  });

  test('check says of a failed release that it runs as the last resort', async () => {
    boot(0);
    formatPartition(disk(), 2, (volume) => {
      commit(volume, install(volume, first));
      volume.write((draft) => draft.setSlot(0, { state: 3, reason: 6 }), { writer: 'loader', time: 0 });
    });
    addCheck('10-bad', 'exit 1');
    const { status, err } = await run('check');
    expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining('as the last resort') });
  });

  test('check refuses a directory that is named and not there, and confirms nothing', async () => {
    boot(1);
    const { status, err } = await run('check', '--directory', '/etc/cocon/heatlh.d');
    expect({ status, err }).toMatchObject({
      status: 1,
      err: expect.stringMatching(/\[DIRECTORY_NOT_FOUND\]\nhint: .*\/etc\/cocon\/health\.d\.\n$/),
    });
    expect(slotOf(1)).toMatchObject({ state: 'trial', progress: 'none' });
  });

  test('check commits when every check passes, in the order of their names', async () => {
    boot(1);
    addCheck('20-second', `echo second >> ${root}/log`);
    addCheck('10-first', `echo first >> ${root}/log`);
    addCheck('15-not-executable', `echo never >> ${root}/log`, 0o644);
    const { status, out, err } = await run('check');
    expect(status).toBe(0);
    expect(out).toBe('2 checks passed; slot 1 is confirmed.\n');
    expect(err).toMatch(
      /^check 10-first: passed \(\d\.\d s\)\ncheck 15-not-executable: passed over, it is not executable\ncheck 20-second: passed/,
    );
    expect(readFileSync(join(root, 'log'), 'utf8')).toBe('first\nsecond\n');
    expect(slotOf(1)).toMatchObject({ state: 'confirmed', progress: 'healthy' });
  });

  test('check --no-commit leaves the trial a trial', async () => {
    boot(1);
    expect((await run('check', '--no-commit')).status).toBe(0);
    expect(slotOf(1)).toMatchObject({ state: 'trial', progress: 'health' });
  });

  test('check without a directory of checks commits', async () => {
    boot(1);
    rmSync(join(root, 'etc/cocon/health.d'), { recursive: true });
    expect(await run('check')).toMatchObject({ status: 0 });
    expect(slotOf(1).state).toBe('confirmed');
  });

  test.each([
    ['fails', 'echo no route; exit 7', 'health-failed', '10-network: exit 7', 'HEALTH_FAILED'],
    ['is killed', 'kill -9 $$', 'health-failed', '10-network: killed by SIGKILL', 'HEALTH_FAILED'],
    ['cannot be run', '#!/nowhere/sh', 'health-failed', '10-network: cannot be run', 'HEALTH_FAILED'],
    [
      'names a file below a file',
      '#!/bin/sh/x',
      'health-failed',
      '10-network: cannot be run',
      'HEALTH_FAILED',
    ],
    ['does not end', 'sleep 60', 'health-timeout', '10-network: timed out after 0.2 s', 'HEALTH_TIMEOUT'],
  ])('check notes the check that %s and runs no further one', async (_, script, reason, detail, code) => {
    boot(1);
    addCheck('10-network', script);
    if (script.startsWith('#!')) writeFileSync(join(root, 'etc/cocon/health.d/10-network'), `${script}\n`);
    addCheck('20-never', `echo ran > ${root}/log`);
    const { status, out, err } = await run('check', '--timeout', '0.2', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
    expect(err).toContain(`check ${detail} (`);
    expect(slotOf(1)).toMatchObject({ state: 'trial', progress: 'health', reason, detail });
    expect(() => readFileSync(join(root, 'log'))).toThrow('ENOENT');
  });

  /** Writes a file among the checks as it is given. */
  function addFile(name: string, contents: string | Uint8Array, mode = 0o755): void {
    const path = join(root, 'etc/cocon/health.d', name);
    writeFileSync(path, contents);
    chmodSync(path, mode);
  }

  test.each([
    ['passes', 'echo fine\n', 0, 'confirmed'],
    ['is empty', '', 0, 'confirmed'],
    ['fails', 'echo no route\nexit 7\n', 1, 'trial'],
  ])('a check without a first line #! is run by a shell, and that is said: one that %s', async (...the) => {
    const [, script, expected, state] = the;
    boot(1);
    addFile('10-bare', script);
    const { status, err } = await run('check');
    expect({ status, err }).toMatchObject({
      status: expected,
      err: expect.stringContaining(
        'check 10-bare: it has no first line "#!", so /bin/sh runs it\n',
      ) as unknown,
    });
    expect(slotOf(1)).toMatchObject({ state, detail: expected === 0 ? '' : '10-bare: exit 7' });
  });

  test.each([
    [
      'CR LF',
      '#!/bin/sh\r\nexit 0\r\n',
      'its first line ends in CR LF, so its interpreter is "/bin/sh" and a carriage',
    ],
    ['an interpreter that is not there', '#! /nowhere/sh -e\n', 'its interpreter "/nowhere/sh" is not there'],
    ['an interpreter that is a directory', '#!/bin\n', 'its interpreter "/bin" cannot be executed'],
    ['bytes', Uint8Array.of(1, 0, 2, 10), 'it is neither a script nor an ELF program'],
  ])('a check that cannot be started is told by its fault: %s', async (_, contents, fault) => {
    boot(1);
    addFile('10-odd', contents);
    expect(await run('check')).toMatchObject({
      status: 1,
      err: expect.stringContaining(`  ${fault}`) as unknown,
    });
    expect(slotOf(1)).toMatchObject({
      state: 'trial',
      reason: 'health-failed',
      detail: '10-odd: cannot be run',
    });
    expect((await run('status')).out).toContain(`(10-odd: cannot be run), its last line was "${fault}`);
  });

  test('what is passed over among the checks is said, and leftovers are checks like any other', async () => {
    boot(1);
    addFile('README', 'text', 0o644);
    mkdirSync(join(root, 'etc/cocon/health.d/20-directory'));
    symlinkSync('nowhere', join(root, 'etc/cocon/health.d/30-link'));
    symlinkSync('50-loop', join(root, 'etc/cocon/health.d/50-loop'));
    for (const name of ['.10-ok.swp', '#10-ok#', '10-ok~', '10-ok.dpkg-old', '10-ok.sh'])
      addCheck(name, 'exit 0');
    const { status, err } = await run('check');
    expect(status).toBe(0);
    expect(err.replaceAll(/\d\.\d s/g, '? s')).toMatchInlineSnapshot(`
      "check #10-ok#: its name is one of an editor's or package manager's leftovers; it counts all the same
      check #10-ok#: passed (? s)
      check .10-ok.swp: its name is one of an editor's or package manager's leftovers; it counts all the same
      check .10-ok.swp: passed (? s)
      check 10-ok.dpkg-old: its name is one of an editor's or package manager's leftovers; it counts all the same
      check 10-ok.dpkg-old: passed (? s)
      check 10-ok.sh: passed (? s)
      check 10-ok~: its name is one of an editor's or package manager's leftovers; it counts all the same
      check 10-ok~: passed (? s)
      check 20-directory: passed over, it is a directory
      check 30-link: passed over, it is a link that leads nowhere
      check 50-loop: passed over, it is a link that leads nowhere
      check README: passed over, it is not executable
      "
    `);
  });

  test('the last line of a check that fails is kept, one line without what steers a terminal', async () => {
    boot(1);
    addCheck(
      '10-network',
      "printf 'no lease\\n\\033[31mno route to 10.0.0.1\\033[0m\\t(eth0)\\r\\n\\n'; exit 3",
    );
    const { out } = await run('check', '--json');
    expect(JSON.parse(out)).toMatchObject({ error: { facts: { output: 'no route to 10.0.0.1 (eth0)' } } });
    const told =
      'a health check failed (10-network: exit 3), its last line was "no route to 10.0.0.1 (eth0)"';
    const { slots } = JSON.parse((await run('status', '--json')).out);
    expect(slots[1]).toMatchObject({
      detail: '10-network: exit 3',
      output: 'no route to 10.0.0.1 (eth0)',
      explanation: expect.stringContaining(told) as unknown,
    });
    expect((await run('history')).out).toContain('its last line was "no route to 10.0.0.1 (eth0)"');
    addCheck('10-network', 'exit 3');
    await run('check');
    expect((await run('status')).out).not.toContain('no route');
  });

  test('a name that is too long is cut, not how the check ended; and so is a line', async () => {
    boot(1);
    addCheck(`10-${'x'.repeat(100)}`, "printf 'é%.0s' $(seq 100); exit 3");
    await run('check');
    expect(slotOf(1).detail).toBe(`10-${'x'.repeat(34)}…: exit 3`);
    const { slots } = JSON.parse((await run('status', '--json')).out);
    expect(slots[1].output).toBe(`${'é'.repeat(58)}…`);
  });

  test('check notes that it cannot tell what the checks are', async () => {
    boot(1);
    const path = Buffer.from(join(root, 'etc/cocon/health.d/20-caf'));
    writeFileSync(Buffer.concat([path, Buffer.of(0xe9)]), '');
    expect(await run('check')).toMatchObject({ status: 1, err: expect.stringContaining('is not UTF-8') });
    expect(slotOf(1)).toMatchObject({
      state: 'trial',
      progress: 'health',
      reason: 'health-failed',
      detail: '/etc/cocon/health.d: cannot be listed',
    });
  });

  test('rollback gives up a running trial, a staged one, and the confirmed one that runs when there is no trial', async () => {
    boot(0);
    expect((await run('rollback')).out).toBe('Slot 1 is given up; the next boot starts slot 0.\n');
    boot(1);
    expect(await run('stage', join(root, 'none'))).toMatchObject({ status: 1 });
    boot(0);
    expect(await run('rollback')).toMatchObject({
      status: 1,
      err: expect.stringContaining('[NO_BOOTABLE_SLOT]'),
    });
  });

  test('status shows what could steer a terminal, it does not do it', async () => {
    boot(0);
    await run('rollback', '--detail', 'the fan\u001B[2J\nnever stops');
    const { out } = await run('status');
    expect(out).toContain('the fan?[2J?never stops');
    expect(out).not.toContain('\u001B');
    expect(JSON.parse((await run('status', '--json')).out)).toMatchObject({
      slots: [{}, { detail: 'the fan\u001B[2J\nnever stops' }, {}],
    });
  });

  test('commit keeps what runs', async () => {
    boot(1);
    expect(await run('commit')).toMatchObject({ status: 0, out: 'Slot 1 is confirmed.\n' });
    expect((await run('rollback')).out).toBe('Slot 1 is given up; the next boot starts slot 0.\n');
  });

  test.each(['commit', 'check'])(
    '%s keeps no trial but the one that runs: of another nothing is known yet',
    async (command) => {
      boot(0);
      await expect(run(command, '--slot', '1')).resolves.toMatchObject({
        status: 1,
        err: expect.stringMatching(/\[SLOT_NOT_RUNNING\]\nhint: Reboot/) as unknown,
      });
      expect(slotOf(1)).toMatchObject({ state: 'trial', progress: 'none' });
      await expect(run(command, '--slot', '1', '--volume', '/dev/vda')).resolves.toMatchObject({ status: 0 });
      expect(slotOf(1)).toMatchObject({ state: 'confirmed' });
    },
  );

  test('asks for --volume on a machine that another loader started', async () => {
    writeFileSync(join(root, 'proc/cmdline'), 'root=/dev/sda1\n');
    expect(await run('status')).toMatchObject({
      status: 1,
      err: expect.stringContaining('[VOLUME_NOT_FOUND]\nhint: '),
    });
  });
});
