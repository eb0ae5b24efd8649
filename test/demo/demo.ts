/**
 * `npm run demo`: from nothing to an OS that boots, updates itself and rolls back by itself.
 *
 * Builds four releases from source, writes a disk, and lives through updates good and bad in QEMU. Leaves
 * `out/demo/report.json`; any deviation ends with status 1 and the place of the serial log.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

import { formatBytes, messageOf } from '@cocon-os/cli';

import { sealFirstOs, type FirstOsOptions } from '../support/first-os.ts';
import { keptReleaseKey, LOADER, makeDisk, ROOT, updater } from '../support/releases.ts';
import { tamper } from './tamper.ts';
import { tellStory } from './story.ts';
import { Timeline } from './timeline.ts';

const OUT = join(ROOT, 'out/demo');
const REPORT = join(OUT, 'report.json');
const SERIAL_LOG = join(OUT, 'serial.log');
const DISK = join(OUT, 'disk.img');

const PLANS: readonly (FirstOsOptions & { readonly what: string })[] = [
  { version: '1', variant: 'standard', what: 'from the factory' },
  { version: '2', variant: 'changed-userland', what: 'changed userland' },
  { version: '3', variant: 'crashing-init', what: 'its init crashes' },
  { version: '4', variant: 'standard', what: 'one byte changed after signing' },
];

async function main(timeline: Timeline): Promise<void> {
  const key = keptReleaseKey(join(OUT, 'release.key'));
  const artifact = (version: string): string => join(OUT, `release-${version}.oci`);

  timeline.chapter('Releases from source, each step an OCI layer');
  for (const plan of PLANS) {
    await timeline.step(`release ${plan.version}: ${plan.what}`, async () => {
      const sealed = await sealFirstOs(OUT, key, plan);
      const { kernel, rootfs } = sealed.release;
      if (plan.version === '1') {
        timeline.size('kernel of release 1', kernel.size);
        timeline.size('root file system of release 1', rootfs?.size ?? 0);
        timeline.size('verity tree of release 1', rootfs?.verity.size ?? 0);
      }
      timeline.size(`artifact of release ${plan.version}`, statSync(sealed.output).size);
      if (plan.version === '4') tamper(sealed);
      return `${sealed.releaseDigest.slice(0, 12)}, kernel ${formatBytes(kernel.size)}, root ${formatBytes(rootfs?.size ?? 0)}`;
    });
  }
  await timeline.step('disk with loader, volume and data', async () => {
    const disk = await makeDisk([artifact('1')], DISK, key);
    timeline.size('disk', disk.sizeBytes);
    timeline.size('disk, allocated', disk.allocatedBytes);
    timeline.size('loader', statSync(LOADER).size);
    timeline.size('cocon-update on the device', statSync(await updater()).size);
    return `${formatBytes(disk.sizeBytes)}, of which ${formatBytes(disk.allocatedBytes)} are used`;
  });

  await tellStory(timeline, { disk: DISK, stick: artifact('3'), shared: OUT, serialLog: SERIAL_LOG });
}

mkdirSync(OUT, { recursive: true });
rmSync(REPORT, { force: true });
const timeline = new Timeline();
try {
  await main(timeline);
  timeline.write(REPORT);
  process.stdout.write(`\nAll of it went as it should. The report is ${relative(ROOT, REPORT)}.\n`);
} catch (thrown) {
  const serialLog = relative(ROOT, SERIAL_LOG);
  timeline.write(REPORT, { message: messageOf(thrown), serialLog });
  process.stdout.write('\n');
  process.stderr.write(
    `demo: ${messageOf(thrown)}\nhint: the serial log is ${serialLog}, the report ${relative(ROOT, REPORT)}\n`,
  );
  process.exitCode = 1;
}
