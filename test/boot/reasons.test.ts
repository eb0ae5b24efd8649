/**
 * A device with one good release and a pile of bad ones on top, each granted a single boot. It comes down to a good one by
 * itself, and its report says of each in plain words how far it got and what was wrong.
 */
import { readFileSync } from 'node:fs';

import { defineMachine, freezeProcessor, gdbArguments, makeScratch, startMachine } from '@cocon-os/qemu';
import type { RunningMachine } from '@cocon-os/qemu';
import { openVolumeDevice } from '@cocon-os/sdfs/node';
import { Volume } from '@cocon-os/sdfs';
import type { SlotReport, StatusReport } from '@cocon-os/updater/status-schema';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { sealFirstOs, type FirstOsOptions } from '../support/first-os.ts';
import { createReleaseKey, LOADER, logPath, makeDisk } from '../support/releases.ts';
import { askingFor } from './asking-for.ts';
import { damageFile } from './damage.ts';
import { Guest } from './guest.ts';

/**
 * Lets the watchdog reset after ten seconds instead of a minute, says a word for the test to go by, and waits. Only one process
 * can have the device open: a second one that comes too early ends, and nothing would be armed. Busybox's opens it as
 * descriptor 3, sets the time, and sleeps. The script must not end: a group of processes that loses its last link to its
 * session while one of it is stopped gets SIGHUP from the kernel, at which busybox's watchdog disarms the device.
 */
const impatient = (word: string): string => `#!/bin/sh
old=$(pidof watchdog)
kill "$old"
while [ -d "/proc/$old" ]; do usleep 50000; done
watchdog -F -T 10 -t 2 /dev/watchdog >/dev/null 2>&1 &
armed() { [ "$(readlink "/proc/$1/fd/3")" = /dev/watchdog ] && grep -q '^State:.S' "/proc/$1/status"; }
until armed $!; do usleep 50000; done
echo 'cocon: ${word}' >/dev/console
`;

/** From the one that is tried first to the one that is tried last. */
const PILE: Readonly<Record<string, Omit<FirstOsOptions, 'version'>>> = {
  'bad-signature': {},
  'bad-hash': {},
  // A loader without keys, which comes back at once.
  'kernel-returns': { scripts: { 'boot/vmlinuz': readFileSync(LOADER) } },
  'no-memory': { scripts: { 'boot/vmlinuz': askingFor(readFileSync(LOADER), 2 ** 31 - 2 ** 12) } },
  'panic-before-init': { extraCommandLine: 'init=/none' },
  'init-crash': {
    scripts: {
      'sbin/init': `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
cocon-update mark init
exit 1
`,
    },
  },
  'boot-hangs': {
    scripts: {
      'etc/cocon/boot.d/50-server': '#!/bin/sh\nexec sleep 100000\n',
      'etc/cocon/trial-seconds': '20\n',
    },
  },
  'check-fails': { scripts: { 'etc/cocon/health.d/50-network': '#!/bin/sh\necho "no address"\nexit 3\n' } },
  'check-hangs': { scripts: { 'etc/cocon/health.d/50-server': '#!/bin/sh\nexec sleep 100000\n' } },
  'hung-userland': {
    scripts: {
      'etc/cocon/health.d/50-freeze': `${impatient('userland hangs now')}kill -STOP -1\nexec sleep 100000\n`,
    },
  },
  'hung-kernel': {
    scripts: { 'etc/cocon/health.d/50-freeze': `${impatient('kernel may hang now')}exec sleep 100000\n` },
  },
  // Its check waits for something that is not there yet.
  unplugged: {
    scripts: { 'etc/cocon/health.d/05-wait': '#!/bin/sh\nuntil [ -e /data/ready ]; do sleep 1; done\n' },
  },
};

const scratch = makeScratch('reasons');
afterAll(() => scratch[Symbol.dispose]());

const key = createReleaseKey();
const disk = scratch.file('disk.img');
const gdb = scratch.file('gdb.sock');
let report: StatusReport;

beforeAll(async () => {
  const names = Object.keys(PILE).toReversed();
  const releases: string[] = [];
  for (const name of ['good', ...names]) {
    const options = { version: name, attempts: 1, ...PILE[name] };
    releases.push((await sealFirstOs(scratch.path, key, options)).output);
  }
  await makeDisk(releases, disk, key, { image: { volume: { slots: 13 } } });
  damage(1 + names.indexOf('bad-signature'), 'release.sig');
  damage(1 + names.indexOf('bad-hash'), 'kernel');
  await comeDown();
  report = await comeBack();
});

function damage(slot: number, name: string): void {
  const { device } = openVolumeDevice(disk, 'write');
  try {
    damageFile(Volume.open(device), slot, name);
  } finally {
    device.close();
  }
}

async function start(name: string): Promise<RunningMachine> {
  const machine = defineMachine({
    name,
    memoryMiB: 256,
    disks: [{ path: disk }],
    watchdog: 'i6300esb',
    extraArguments: gdbArguments(gdb),
  });
  return await startMachine(machine, { log: logPath(name) });
}

/** From the top of the pile down to the release that is unplugged in its trial. */
async function comeDown(): Promise<void> {
  await using machine = await start('reasons-down');
  const guest = new Guest(machine);
  for (const word of ['cocon: unhealthy', 'cocon: userland hangs now', 'cocon: kernel may hang now']) {
    await guest.sawDespitePanics(word);
  }
  await freezeProcessor(gdb);
  await guest.saw(/cocon-os unplugged, trial 1 of 1/);
  await guest.saw('cocon: init');
  await machine.kill();
}

/** The unplugged release gets its boot back, is rebooted and switched off during its checks, and then is healthy. */
async function comeBack(): Promise<StatusReport> {
  {
    await using machine = await start('reasons-restarted');
    const guest = new Guest(machine);
    await inTrial(guest);
    guest.reboot();
    await inTrial(guest);
    await guest.shutDown();
  }
  await using machine = await start('reasons-back');
  const guest = new Guest(machine);
  await inTrial(guest);
  await guest.run('touch /data/ready');
  await guest.saw('cocon: healthy');
  const status = await guest.status();
  await guest.shutDown();
  return status;
}

/** The only attempt of the unplugged release, in its checks. */
async function inTrial(guest: Guest): Promise<void> {
  await guest.saw(/cocon-os unplugged, trial 1 of 1/);
  await guest.saw('cocon: init');
  await guest.shell();
}

function slotOf(version: string): SlotReport | undefined {
  return report.slots.find((slot) => slot.release?.version === version);
}

test.each([
  ['bad-signature', 'loader', 'signature', 'its release.json carries no valid signature of a trusted key'],
  ['bad-hash', 'loader', 'hash', 'a file on the disk is not what was signed (kernel)'],
  ['kernel-returns', 'loader', 'start', 'the firmware refused to start its kernel, or the kernel returned'],
  ['no-memory', 'loader', 'memory', 'the machine had too little memory to start it'],
  ['panic-before-init', 'kernel', 'reset', 'the kernel was started but user space was never reached'],
  ['init-crash', 'init', 'reset', 'user space was reached but the health checks were not'],
  ['boot-hangs', 'init', 'reset', 'user space was reached but the health checks were not'],
  [
    'check-fails',
    'health',
    'health-failed',
    'a health check failed (50-network: exit 3), its last line was "no address"',
  ],
  ['check-hangs', 'health', 'health-timeout', 'a health check did not end in time (50-server: timed out'],
  ['hung-userland', 'health', 'reset', 'the health checks began but did not end'],
  ['hung-kernel', 'health', 'reset', 'the health checks began but did not end'],
])('%s: the report tells progress %s and reason %s in plain words', (version, progress, reason, words) => {
  expect(slotOf(version)).toMatchObject({
    state: 'failed',
    progress,
    reason,
    explanation: expect.stringContaining(words) as unknown,
  });
});

test('unplugged: a release that lost its power, was rebooted and switched off is not charged for it, and is committed', () => {
  expect(slotOf('unplugged')).toMatchObject({
    state: 'confirmed',
    running: true,
    progress: 'healthy',
    attempts: { interruptions: 0, shutdowns: 2 },
  });
});

test('the release below the pile was never touched', () => {
  expect(slotOf('good')).toMatchObject({ state: 'confirmed', running: false, wasConfirmed: true });
});

test('each that was given up is refused from now on', () => {
  expect(report.failures).toHaveLength(Object.keys(PILE).length - 1);
});
