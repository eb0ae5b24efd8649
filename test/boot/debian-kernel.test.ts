/** Foreign input: Debian's own cloud kernel with an initrd of ours boots from a slot, through the loader, to its initrd. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { defineMachine, makeScratch, startMachine } from '@cocon-os/qemu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { busyboxInitrd } from './initrd.ts';
import { addLayer, createImage } from '../support/oci-image.ts';
import { createReleaseKey, logPath, makeDisk, ROOT, sealImage } from '../support/releases.ts';

const MARKER = 'initrd: reached';
const COMMAND_LINE = 'console=ttyS0 panic=-1';

const scratch = makeScratch('debian-kernel');
const disk = scratch.file('disk.img');
let partitionUuid: string | undefined;
afterAll(() => scratch[Symbol.dispose]());

beforeAll(async () => {
  const script = join(ROOT, 'scripts/fetch-debian-kernel');
  const cache = execFileSync('bash', [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  const boot = scratch.file('root/boot');
  mkdirSync(boot, { recursive: true });
  copyFileSync(join(cache, 'vmlinuz'), join(boot, 'vmlinuz'));
  const init = `echo '${MARKER}'\nexec sh\n`;
  writeFileSync(join(boot, 'initrd.img'), busyboxInitrd(readFileSync(join(cache, 'busybox')), init));
  const image = createImage(scratch.file('image'));
  addLayer(image, scratch.file('root'));

  const key = createReleaseKey();
  const artifact = scratch.file('debian.oci');
  const seal = { rootfs: false, commandLine: COMMAND_LINE };
  await sealImage(image, artifact, key, { name: 'debian', version: '12', seal });
  const { partitions } = await makeDisk([artifact], disk, key, { image: { data: false } });
  partitionUuid = partitions.find((each) => each.role === 'volume')?.uuid;
});

describe("Debian's kernel", () => {
  test('boots to its initrd from a slot', async () => {
    const disks = [{ path: disk, snapshot: true }];
    const machine = defineMachine({ name: 'debian-kernel', disks });
    await using running = await startMachine(machine, { log: logPath(machine.name) });
    await running.serial.expect(/cocon: slot 0: debian 12, confirmed/);
    await running.serial.expect(MARKER);
    await running.serial.expect('# ');
    await running.serial.run('dmesg -n 1');
    const { output } = await running.serial.run('cat /proc/cmdline');
    expect(output).toMatch(
      new RegExp(
        `^${COMMAND_LINE} cocon.slot=0 cocon.release=[0-9a-f]{64} cocon.volume=PARTUUID=${String(partitionUuid)}$`,
      ),
    );
  });
});
