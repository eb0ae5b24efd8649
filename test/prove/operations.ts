/**
 * Everything that writes to a volume, each from a state in which it does something: what it is done to, what may boot while it is
 * under way, and what does once it is done.
 */
import { commit, mkfs, noteProgress, noteShutdown, rollback, Volume, type BlockDevice } from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { bootOnce } from '../cross/boot.ts';
import { BlocksDevice, type Blocks } from './blocks-device.ts';
import { blocksOf, type Geometry } from './geometries.ts';
import { LARGE, stageRelease } from './releases.ts';

/** What boots: the number of a release, or nothing. */
export type Boots = number | 'nothing';

export interface Operation {
  readonly name: string;
  /** Slots that it needs; geometries with fewer leave it out. */
  readonly slots: number;
  /** Names of the volumes that it is cut on; without them, all that have the slots. */
  readonly volumes?: readonly string[];
  /** Brings an empty volume to where the operation begins. */
  readonly prepare: (volume: Volume) => void;
  /** The production code; of a boot, what it came to. */
  readonly run: (device: BlockDevice, geometry: Geometry) => BootOutcome | undefined;
  /** What boots when it is done. Until then, that or what booted before. */
  readonly after: Boots;
  /** What may boot besides after a cut. */
  readonly alsoBoots?: readonly Boots[];
  /** Codes of a repetition that finds its work done. */
  readonly doneCodes: readonly string[];
  /** Whether the operation is a boot, which is repeated by booting. */
  readonly isBoot?: boolean;
}

const NEW_UUID = '89abcdef-0123-4567-89ab-cdef01234567';

const confirmed = (volume: Volume, ...releases: readonly number[]): void => {
  for (const each of releases) commit(volume, stageRelease(volume, each));
};
const onVolume =
  (run: (volume: Volume) => void): Operation['run'] =>
  (device) => {
    run(Volume.open(device));
    return undefined;
  };
const boot: Operation['run'] = (device) => bootOnce(device, { lastBoot: 'reset' });
/** Uses up the attempts of the trial that boots first. */
const bootThrice = (volume: Volume): void => {
  for (let attempt = 1; attempt <= 3; attempt += 1) bootOnce(volume.device, { lastBoot: 'reset' });
};

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'mkfs over an older volume',
    slots: 2,
    prepare: (volume) => confirmed(volume, 1),
    run(device, { slots, groupBlocks, ringRecords, sequence }) {
      mkfs(device, { slots, groupBlocks, ringRecords, sequence, uuid: NEW_UUID }, nodeCrypto);
      return undefined;
    },
    alsoBoots: ['nothing'],
    after: 'nothing',
    doneCodes: [],
  },
  {
    name: 'stage into an empty slot',
    slots: 2,
    prepare: (volume) => confirmed(volume, 1),
    run: onVolume((volume) => stageRelease(volume, 2)),
    after: 2,
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'stage of a release of two erase groups',
    slots: 3,
    // Its large write has many sectors to be torn at.
    volumes: ['three slots', 'sectors of 4096 bytes'],
    prepare: (volume) => confirmed(volume, 1),
    run: onVolume((volume) => stageRelease(volume, LARGE)),
    after: LARGE,
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'stage over the older confirmed release',
    slots: 2,
    prepare(volume) {
      for (let each = 1; each <= volume.superblock.slotCount; each += 1) confirmed(volume, each);
    },
    run: onVolume((volume) => stageRelease(volume, 50)),
    after: 50,
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'stage over a failed release',
    slots: 2,
    prepare(volume) {
      const last = volume.superblock.slotCount;
      for (let each = 1; each < last; each += 1) confirmed(volume, each);
      rollback(volume, stageRelease(volume, last));
    },
    run: onVolume((volume) => stageRelease(volume, 50)),
    after: 50,
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'stage over a trial',
    slots: 3,
    prepare(volume) {
      confirmed(volume, 1);
      for (let more = 2; more <= volume.superblock.slotCount; more += 1) stageRelease(volume, more);
    },
    run: onVolume((volume) => stageRelease(volume, 50)),
    after: 50,
    doneCodes: ['RELEASE_PRESENT', 'SLOT_BUSY'],
  },
  {
    name: 'stage over the only trial',
    slots: 2,
    volumes: ['two slots, the smallest volume'],
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
    },
    run: onVolume((volume) => stageRelease(volume, 50)),
    after: 50,
    // Between the one trial and the other there is none.
    alsoBoots: [1],
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'forced stage of a release that failed',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      rollback(volume, stageRelease(volume, 2));
    },
    run: onVolume((volume) => stageRelease(volume, 2, { force: true })),
    after: 2,
    doneCodes: ['RELEASE_PRESENT'],
  },
  {
    name: 'commit',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
    },
    run: onVolume((volume) => commit(volume, 1)),
    after: 2,
    doneCodes: [],
  },
  {
    name: 'commit that raises the floor',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 3);
      stageRelease(volume, 4);
    },
    run: onVolume((volume) => commit(volume, 1)),
    after: 4,
    doneCodes: [],
  },
  {
    name: 'rollback of a trial',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
    },
    run: onVolume((volume) => rollback(volume, 1)),
    after: 1,
    doneCodes: [],
  },
  {
    name: 'rollback of a confirmed release',
    slots: 2,
    prepare: (volume) => confirmed(volume, 1, 2),
    run: onVolume((volume) => rollback(volume, 1)),
    after: 1,
    doneCodes: [],
  },
  {
    name: 'a note of progress',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
      bootOnce(volume.device, { lastBoot: 'reset' });
    },
    run: onVolume((volume) => noteProgress(volume, 1, { progress: 'init' })),
    after: 2,
    doneCodes: [],
  },
  {
    name: 'a note of an orderly shutdown',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
      bootOnce(volume.device, { lastBoot: 'reset' });
    },
    run: onVolume((volume) => noteShutdown(volume, 1)),
    after: 2,
    doneCodes: [],
  },
  {
    name: 'boot of a trial',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
    },
    run: boot,
    after: 2,
    doneCodes: [],
    isBoot: true,
  },
  {
    name: 'boot that gives a trial up',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1);
      stageRelease(volume, 2);
      bootThrice(volume);
    },
    run: boot,
    after: 1,
    // A cut counts as a loss of power: the attempt that it hits is given back.
    alsoBoots: [2],
    doneCodes: [],
    isBoot: true,
  },
  {
    name: 'boot past a damaged release',
    slots: 2,
    prepare(volume) {
      confirmed(volume, 1, 2);
      damageKernel(volume, 1);
    },
    run: boot,
    after: 1,
    doneCodes: [],
    isBoot: true,
  },
];

function damageKernel(volume: Volume, slot: number): void {
  const kernel = volume.descriptor(slot).files.find((file) => file.name === 'kernel');
  const start = kernel?.extents[0]?.start;
  if (start === undefined) throw new Error(`slot ${slot} has no kernel`);
  const block = new Uint8Array(4096);
  volume.device.read(start * 4096, block);
  block[7] = (block[7] ?? 0) ^ 1;
  volume.device.write(start * 4096, block);
}

/** The operations that are cut on a volume. */
export function operationsOn({ name, slots }: Pick<Geometry, 'name' | 'slots'>): readonly Operation[] {
  return OPERATIONS.filter((each) => each.slots <= slots && (each.volumes?.includes(name) ?? true));
}

/** The disk on which an operation begins. */
export function prepared(operation: Operation, geometry: Geometry): Blocks {
  const { uuid, slots, groupBlocks, ringRecords, sequence, sectorSize } = geometry;
  const empty = Array.from({ length: blocksOf(geometry) }, () => undefined);
  const device = new BlocksDevice(empty, sectorSize);
  const volume = mkfs(device, { slots, groupBlocks, ringRecords, sequence, uuid }, nodeCrypto);
  operation.prepare(volume);
  return device.blocks;
}
