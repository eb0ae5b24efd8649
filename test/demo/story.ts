/**
 * What happens to the device, in order. Every expectation is checked, and the first that fails ends the demo; the
 * words that the timeline shows come from the device.
 */
import { strict as assert } from 'node:assert';

import { Device, type DeviceStatus } from './device.ts';
import type { Timeline } from './timeline.ts';

/** The files that the story needs. */
export interface StoryFiles {
  /** Disk image with release 1; written to. */
  readonly disk: string;
  /** Directory with release-2.oci and so on, which the device fetches from. */
  readonly shared: string;
  /** Artifact of release 3, which the device finds as its second disk. */
  readonly stick: string;
  readonly serialLog: string;
}

/** Tells the story. */
export async function tellStory(timeline: Timeline, files: StoryFiles): Promise<void> {
  await using device = await Device.start(files.disk, files.stick, files.shared, files.serialLog);

  timeline.chapter('Release 1 comes from the factory');
  await timeline.step('boot', async () => await device.booted());
  await timeline.step('which release runs', async () => await expectVersion(device, '1'));

  timeline.chapter('Release 2 is good');
  await timeline.step('stage release 2 over HTTP', async () =>
    lastLine(await device.must(`cocon-update stage ${device.url('release-2.oci')}`)),
  );
  await timeline.step('reboot into the trial, commit by health', async () => {
    device.reboot();
    const decision = await device.booted();
    assert.match(decision, /trial 1 of 3/);
    return decision;
  });
  await timeline.step('which release runs', async () => await expectVersion(device, '2'));
  await timeline.step('it is confirmed', async () => {
    const status = await device.status();
    assert.equal(slotOf(status, '2').state, 'confirmed');
    return slotOf(status, '2').explanation;
  });

  timeline.chapter('Release 3 panics');
  await timeline.step('stage release 3 from a second disk', async () =>
    lastLine(await device.must('cocon-update stage /dev/vdb')),
  );
  device.reboot();
  for (const attempt of [1, 2, 3]) {
    await timeline.step(`trial ${String(attempt)} of 3`, async () => {
      await device.saw(new RegExp(`cocon: .*trial ${String(attempt)} of 3.*`));
      return await device.saw(/Kernel panic - not syncing: .*/);
    });
  }
  await timeline.step('the loader returns to release 2', async () => {
    const decision = await device.booted();
    await expectVersion(device, '2');
    return decision;
  });
  await timeline.step('why release 3 was given up', async () => {
    const failed = slotOf(await device.status(), '3');
    assert.equal(failed.state, 'failed');
    assert.equal(failed.reason, 'reset');
    assert.equal(failed.progress, 'kernel');
    return failed.explanation;
  });
  await timeline.step('staging release 3 again is refused', async () =>
    expectRefusal(await device.run('cocon-update stage /dev/vdb'), 'RELEASE_FAILED_BEFORE'),
  );

  timeline.chapter('Release 4 was changed after it was signed');
  let before: DeviceStatus | undefined;
  await timeline.step('staging release 4 is refused', async () => {
    before = await device.status();
    return expectRefusal(
      await device.run(`cocon-update stage ${device.url('release-4.oci')}`),
      'ARTIFACT_BAD_DIGEST',
    );
  });
  await timeline.step('nothing is lost', async () => {
    const after = await device.status();
    assert.equal(after.running, before?.running);
    assert.equal(after.next, before?.next);
    assert.deepEqual(
      after.slots.filter((slot) => slot.state === 'confirmed'),
      before?.slots.filter((slot) => slot.state === 'confirmed'),
    );
    await device.must('cocon-update verify');
    return `release ${(await runningVersion(device)) ?? '?'} runs and boots next`;
  });
  await timeline.step('a confirmed boot writes nothing to the volume', async () => {
    const sequence = (await device.status()).volume.sequence;
    device.reboot();
    await device.booted();
    const status = await device.status();
    assert.equal(status.volume.sequence, sequence);
    return `boot record ${sequence} before and after`;
  });
  timeline.size('disk written by the guest', (await device.diskStatistics()).written);
}

async function expectVersion(device: Device, wanted: string): Promise<string> {
  const version = await runningVersion(device);
  assert.equal(version, wanted);
  return `release ${wanted}`;
}

async function runningVersion(device: Device): Promise<string | undefined> {
  const release = await device.must('cat /etc/os-release');
  return /^VERSION_ID="?([^"\n\r]*)"?/m.exec(release)?.[1];
}

function slotOf(status: DeviceStatus, version: string): DeviceStatus['slots'][number] {
  const slot = status.slots.find((each) => each.release?.version === version);
  assert.ok(slot !== undefined, `No slot holds release ${version}`);
  return slot;
}

function expectRefusal(
  { output, status }: { readonly output: string; readonly status: number },
  code: string,
): string {
  assert.equal(status, 1, `It was not refused:\n${output}`);
  assert.ok(output.includes(`[${code}]`), `It was refused for another reason than ${code}:\n${output}`);
  return (
    output
      .split('\n')
      .find((line) => line.includes(code))
      ?.trim() ?? ''
  );
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
