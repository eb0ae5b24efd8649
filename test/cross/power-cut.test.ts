/** Law 1, over both implementations: the slot manager is cut off, and the loader boots what is left. */
import { commit, MemoryDevice, mkfs, rollback, Volume, type BlockDevice } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { sampleRelease, stageSample } from '../vectors/sample.ts';
import { bootOnce } from './boot.ts';
import { PowerCutDevice, type Fate } from './power-cut-device.ts';

const GROUP_BLOCKS = 16;
const GROUP_BYTES = GROUP_BLOCKS * 4096;
const FATES: readonly Fate[] = ['kept', 'lost', 'torn', 'group lost'];

/** What is done to a volume, which versions may boot while it is under way, and which one does once it is done. */
interface Operation {
  readonly name: string;
  prepare(volume: Volume): void;
  run(volume: Volume): void;
  readonly before: string;
  readonly after: string;
}

const stage1 = (volume: Volume): void => {
  commit(volume, stageSample(volume, sampleRelease(1)));
};
const stage =
  (version: number) =>
  (volume: Volume): void => {
    stageSample(volume, sampleRelease(version));
  };

const OPERATIONS: readonly Operation[] = [
  { name: 'stage', prepare: stage1, run: stage(2), before: '1.0', after: '2.0' },
  {
    name: 'commit',
    prepare(volume) {
      stage1(volume);
      stage(2)(volume);
    },
    run: (volume) => commit(volume, 1),
    before: '2.0',
    after: '2.0',
  },
  {
    name: 'stage over a trial',
    prepare(volume) {
      stage1(volume);
      for (const version of [2, 3]) stage(version)(volume);
    },
    run: stage(4),
    before: '3.0|1.0',
    after: '4.0',
  },
  {
    name: 'stage over the older confirmed release',
    prepare(volume) {
      for (const version of [1, 2, 3]) commit(volume, stageSample(volume, sampleRelease(version)));
    },
    run: stage(4),
    before: '3.0',
    after: '4.0',
  },
  {
    name: 'rollback',
    prepare(volume) {
      stage1(volume);
      stage(2)(volume);
    },
    run: (volume) => rollback(volume, 1),
    before: '2.0',
    after: '1.0',
  },
];

function prepared(operation: Operation, sequence: bigint): MemoryDevice {
  const device = new MemoryDevice((3 + 6) * GROUP_BYTES + 4096);
  const volume = mkfs(device, { slots: 3, groupBlocks: GROUP_BLOCKS, ringRecords: 2, sequence }, nodeCrypto);
  operation.prepare(volume);
  return device;
}

function recorded(operation: Operation, sequence = 1n): PowerCutDevice {
  const device = new PowerCutDevice(prepared(operation, sequence));
  operation.run(Volume.open(device));
  return device;
}

/** The version that boots, its kernel whole. */
function bootedVersion(device: BlockDevice): string {
  const { started, failure, log } = bootOnce(device);
  expect(started, `nothing boots: ${failure?.message}\n${log.join('\n')}`).toBeDefined();
  const version = Number.parseInt(started?.version ?? '', 10);
  expect(started?.kernelDigest).toBe(sampleRelease(version).release.kernel.sha256);
  return started?.version ?? '';
}

describe.each(OPERATIONS)('Law 1: old or new: $name', (operation) => {
  const allowed = new Set([...operation.before.split('|'), operation.after]);

  test.each(FATES)('cut after each step, unflushed writes %s', (fate) => {
    const device = recorded(operation);
    for (let steps = 0; steps <= device.steps; steps += 1) {
      const version = bootedVersion(device.cutAfter(steps, GROUP_BYTES, () => fate));
      expect(allowed, `after ${steps} of ${device.steps} steps`).toContain(version);
    }
    expect(bootedVersion(device.cutAfter(device.steps, GROUP_BYTES, () => fate))).toBe(operation.after);
  });

  propertyTest.prop(
    [
      fc.nat(),
      fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(1n, 2n, 2n ** 64n - 3n),
    ],
    { numRuns: 40 },
  )(
    'cut anywhere, each unflushed write with a fate of its own, also where the sequence wraps',
    (at, fates, sequence) => {
      const device = recorded(operation, sequence);
      const disk = device.cutAfter(
        at % (device.steps + 1),
        GROUP_BYTES,
        (write) => fates[write % fates.length] ?? 'lost',
      );
      expect(allowed).toContain(bootedVersion(disk));
    },
  );

  test('cut twice: the operation can be done again after every cut', () => {
    const device = recorded(operation);
    for (let steps = 0; steps <= device.steps; steps += 1) {
      const disk = device.cutAfter(steps, GROUP_BYTES, () => 'torn');
      const volume = Volume.open(disk);
      try {
        operation.run(volume);
      } catch (thrown) {
        // It had been done already.
        expect(thrown).toMatchObject({ code: expect.stringMatching(/^(RELEASE_PRESENT|SLOT_BUSY)$/) });
      }
      expect(bootedVersion(disk)).toBe(operation.after);
    }
  });
});

test('Law 2: the last good slot is untouchable: no stage writes a block that it refers to', () => {
  const device = recorded(OPERATIONS[0] ?? expect.unreachable());
  const volume = Volume.open(device);
  const { descriptorBlock, descriptorBlocks } = volume.slot(0);
  const extents = [
    { start: descriptorBlock, blocks: descriptorBlocks },
    ...volume.descriptor(0).files.flatMap((file) => file.extents),
  ];
  for (const block of device.writtenBlocks) {
    expect(extents.some(({ start, blocks }) => block >= start && block < start + blocks)).toBe(false);
  }
});
