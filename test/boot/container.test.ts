/** Containers on the device: an OCI image of other tools, bundled, started by crun from a second disk, in all its limits. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import { bundle, checkConfig, openInput, resourcesOf } from '@cocon-os/image-builder';
import {
  copyImage,
  defineMachine,
  fileDisk,
  makeScratch,
  startMachine,
  type RunningMachine,
} from '@cocon-os/qemu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { addLayer, createImage } from '../support/oci-image.ts';
import { sealProfile, unpackSlice, type ProfileOs } from '../support/profile-os.ts';
import { createReleaseKey, logPath, makeDisk } from '../support/releases.ts';
import { Guest } from './guest.ts';

const MEBIBYTE = 2 ** 20;

/** What the container tells about itself, in sections; the last takes all processes that it may have. */
const REPORT = `#!/bin/sh
section() { echo "== $1"; }
section status; grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status
section processes; echo "mine is $$"; ls -d /proc/[0-9]* | wc -l
section root; touch /written; echo "status $?"
section limits; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max
section namespaces; unshare -U true; echo "status $?"
section names; cat /etc/hosts /etc/hostname /etc/resolv.conf; ping -c 1 localhost | tail -n 3; ping -c 1 "$(hostname)" | tail -n 3
section executes; for place in /tmp /run /dev/shm; do cp /bin/busybox $place/echo && $place/echo "from $place"; done
section mounts; mount -t tmpfs tmpfs /tmp; echo "status $?"
section devices; mknod /tmp/disk b 254 0; echo "status $?"; ls /image-device
section network; ls /sys/class/net
section memory
awk 'BEGIN { text = "x"; while (1) text = text text }'
echo "status $?"
grep -E '^oom_kill ' /sys/fs/cgroup/memory.events
section processor
timeout 3 sh -c 'while :; do :; done'
grep nr_throttled /sys/fs/cgroup/cpu.stat
section forks
( number=0; while [ $number -lt 100 ]; do sleep 60 & number=$((number + 1)); done ) 2>&1
while read -r line; do echo "$line"; done </sys/fs/cgroup/pids.events
`;

/** Waits for its end, as a plain user. */
const IDLE = `#!/bin/sh
trap 'echo ends; exit 7' TERM
echo "as $(id -u):$(id -g)"; grep CapBnd /proc/self/status
while :; do sleep 1; done
`;

/** Says a line of more bytes than a record of the kernel's log can hold, and more lines than the log's rate allows; and fails. */
const TALKS = `#!/bin/sh
awk 'BEGIN { while (number < 200) printf "word %d ", number++; print "" }'
number=0; while [ $number -lt 100 ]; do echo "line $number"; number=$((number + 1)); done
exit 3
`;

const scratch = makeScratch('container');
afterAll(() => scratch[Symbol.dispose]());

const disk = scratch.file('disk.img');
const app = scratch.file('app.erofs');
const idle = scratch.file('idle.erofs');
const talks = scratch.file('talks.erofs');

beforeAll(async () => {
  const key = createReleaseKey();
  const os = await sealProfile(scratch.path, key, { profile: 'embedded', version: '1' });
  await makeDisk([os.sealed.output], disk, key);
  await makeBundle(os, app, { script: REPORT, user: '0' });
  await makeBundle(os, idle, { script: IDLE, user: '1000:1000' });
  await makeBundle(os, talks, { script: TALKS, user: '0' });
});

/** Bundles an image that umoci made: our busybox, a script, and a device node that must not arrive. */
async function makeBundle(
  { built }: ProfileOs,
  output: string,
  { script, user }: { readonly script: string; readonly user: string },
): Promise<void> {
  const root = `${output}.root`;
  unpackSlice(built, 'busybox', root);
  mkdirSync(`${root}/app`);
  writeFileSync(`${root}/app/start`, script, { mode: 0o755 });
  execFileSync('mknod', [`${root}/image-device`, 'b', '254', '0']);
  const image = createImage(`${output}.image`);
  addLayer(image, root);
  const options = ['--architecture', 'amd64', '--os', 'linux', '--config.entrypoint', '/app/start'];
  execFileSync('umoci', ['config', '--image', `${image}:latest`, ...options, '--config.user', user]);
  await bundle(await openInput(image), {
    config: checkConfig({}),
    name: basename(output, '.erofs'),
    resources: resourcesOf({ memory: '32MiB', cpus: 0.5, pids: 16 }),
    network: 'none',
    output,
    progress: silentProgress,
  });
}

async function start(name: string, path: string, snapshot: boolean): Promise<RunningMachine> {
  const disks = [{ path, snapshot }, fileDisk(app), fileDisk(idle), fileDisk(talks)];
  const machine = defineMachine({ name, memoryMiB: 256, disks });
  return await startMachine(machine, { log: logPath(name) });
}

describe('a container', () => {
  let report: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await using machine = await start('container', disk, true);
    const guest = new Guest(machine);
    await guest.booted();
    const { output } = await guest.run('cocon-container run /dev/vdb');
    const sections = output.split(/^== /m).slice(1);
    report = Object.fromEntries(
      sections.map((each) => [each.slice(0, each.indexOf('\n')), each.slice(each.indexOf('\n') + 1).trim()]),
    );
    // Nobody outside was hit by what it did.
    await expect(guest.run('dmesg | grep -c "Killed process"; cocon-container list')).resolves.toMatchObject({
      output: expect.stringMatching(/^1\nNAME/) as unknown,
      status: 0,
    });
  });

  test('has a filter of system calls, no new privileges and eight capabilities', () => {
    expect(report['status']).toMatch(/^CapEff:\s+00000000000004fb\nNoNewPrivs:\s+1\nSeccomp:\s+2$/);
  });

  test('knows localhost and its own name, and may ping, as nobody with a capability for it', () => {
    expect(report['names']).toMatch(/^127\.0\.0\.1\tlocalhost app\n::1\tlocalhost [^\n]*\napp\n/);
    expect(report['names']?.match(/ 0% packet loss/g)).toHaveLength(2);
  });

  test('may execute what it has put into /tmp and /run, and nothing in /dev/shm', () => {
    expect(report['executes']).toMatch(/^from \/tmp\nfrom \/run\n[^\n]*\/dev\/shm\/echo: Permission denied$/);
  });

  test('may not have namespaces of its own, which every user may elsewhere', async () => {
    expect(report['namespaces']).toMatch(/Operation not permitted\nstatus 1$/);
  });

  test('may not mount', () => {
    expect(report['mounts']).toMatch(
      /(?:Operation not permitted|must be superuser|permission denied)[^\n]*\nstatus \d+$/i,
    );
  });

  test('sees its own processes alone', () => {
    expect(report['processes']).toMatch(/^mine is 1\n[2-4]$/);
  });

  test('has a root that is read-only', () => {
    expect(report['root']).toMatch(/Read-only file system\nstatus 1$/);
  });

  test('has no device of the machine, neither its own nor one of the image', () => {
    expect(report['devices']).toMatch(/Operation not permitted\nstatus 1\n.*image-device: No such file/);
  });

  test('has a network of its own', () => {
    expect(report['network']).toBe('lo');
  });

  test('is told of its limits', () => {
    expect(report['limits']).toBe(`${32 * MEBIBYTE}\n16\n50000 100000`);
  });

  test('is stopped when it takes more memory', () => {
    expect(report['memory']).toMatch(/status 137\noom_kill 1$/);
  });

  test('gets half a processor', () => {
    const throttled = Number(/nr_throttled (\d+)/.exec(report['processor'] ?? '')?.[1]);
    expect(throttled).toBeGreaterThan(0);
  });

  test('cannot have more than its number of processes', () => {
    expect(report['forks']).toMatch(/can't fork: Resource temporarily unavailable\nmax [1-9]\d*$/);
  });
});

describe('cocon-container', () => {
  test('starts, lists and ends a container, leaves nothing, and starts it at boot', async () => {
    const copy = scratch.file('kept.img');
    await copyImage(disk, copy);
    await using machine = await start('container-boot', copy, false);
    const guest = new Guest(machine);
    await guest.booted();
    // Every user of this kernel may have a user namespace, so that a container may not is the filter's doing.
    await expect(guest.run('unshare -U true')).resolves.toMatchObject({ status: 0 });
    const running = 'until cocon-container list | grep -q "^idle .* running "; do sleep 1; done';
    await guest.run(`cocon-container run /dev/vdc >/tmp/idle 2>&1 & job=$!; ${running}`);
    await expect(guest.run('cocon-container run /dev/vdc')).resolves.toMatchObject({
      output: expect.stringContaining('container idle runs already') as unknown,
      status: 1,
    });
    await expect(guest.run('cocon-container stop idle; wait $job')).resolves.toMatchObject({ status: 7 });
    await expect(guest.run('cat /tmp/idle')).resolves.toMatchObject({
      output: expect.stringMatching(/^as 1000:1000\nCapBnd:\s+0{16}\nends$/) as unknown,
    });
    await expect(
      guest.run('mount | grep -c /run/containers; ls -d /sys/fs/cgroup/containers/*/'),
    ).resolves.toMatchObject({ output: expect.stringMatching(/^0\nls: .*No such file/) as unknown });
    await expect(guest.run('cocon-container stop idle')).resolves.toMatchObject({ status: 1 });
    await expect(guest.run('cocon-container run /etc/hosts')).resolves.toMatchObject({
      output: expect.stringContaining('it does not mount as EROFS') as unknown,
      status: 1,
    });
    // From now on, without a reboot.
    await guest.run('mkdir /data/containers && cat /dev/vdc >/data/containers/idle.erofs');
    await guest.run(running);
    const stop = 'cocon-container stop idle; echo "status $?"; sleep 3; cocon-container list | grep idle';
    await expect(guest.run(stop)).resolves.toMatchObject({ output: 'status 0', status: 1 });
    await expect(guest.run(`cocon-container start idle && ${running}`)).resolves.toMatchObject({ status: 0 });
    // Another bundle in its place, by rename: the container of before is ended and the new one runs.
    await guest.run('cat /dev/vdc >/data/new && mv /data/new /data/containers/idle.erofs');
    await guest.run(
      'until dmesg | grep -q "idle.erofs: ended with status 7, its bundle has changed"; do sleep 1; done',
    );
    await guest.run(running);
    await guest.run('rm /data/containers/idle.erofs');
    await guest.run(
      'until dmesg | grep -q "idle.erofs: ended with status 7, its bundle is gone"; do sleep 1; done',
    );
    await guest.run('cat /dev/vdc >/data/containers/idle.erofs');
    // The longest name that a file may have.
    await guest.run(`cat /dev/vdd >"/data/containers/$(printf 't%.0s' $(seq 249)).erofs" && sync`);
    guest.reboot();
    await guest.booted();
    await expect(guest.run(running)).resolves.toMatchObject({ status: 0 });
    await guest.run('until dmesg | grep -q "container idle.erofs: as 1000:1000"; do sleep 1; done');
    await guest.run('until dmesg | grep -q "container t*.erofs: ended with status 3"; do sleep 1; done');
    const { output } = await guest.run(
      `dmesg | sed -n 's/.*container ttt*\\.erofs//p' | cut -c 1-24 | sed '/ended/q'`,
    );
    const records = output.split('\n').map((each) => each.trim());
    expect(records.slice(0, 4)).toEqual([
      expect.stringMatching(/^: word 0 word 1 /) as unknown,
      expect.stringMatching(/^\(continued\): /) as unknown,
      expect.stringMatching(/^\(continued\): /) as unknown,
      ': line 0',
    ]);
    // Of all others the rate has let few through, but the end is always told.
    expect(records.length).toBeLessThan(60);
    expect(records.at(-1)).toMatch(/^: ended with status 3/);
    await guest.shutDown();
  });
});
