/**
 * Faults that are planted to see whether the proof would find them: each is a small change of what production code does, seen
 * from outside, and the law that has to catch it.
 */
import {
  LIMITS,
  REASONS,
  RECORD_HEADER,
  rollback,
  SdfsError,
  SLOT_ENTRY,
  SLOT_STATES,
  structureCrc,
  SUPERBLOCK,
  Volume,
  type BlockDevice,
} from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';

import { bootOnce } from '../cross/boot.ts';
import { BlocksDevice } from './blocks-device.ts';
import type { PlantedFault } from './examine.ts';
import { stageRelease } from './releases.ts';
import type { Step } from './simulated-disk.ts';
import { isWhole, withSuperblocks } from './superblocks.ts';
import type { LawNumber } from './violation.ts';

/** A fault and where it is planted. */
export interface Canary {
  readonly name: string;
  /** The law that has to catch it. Caught by another one it was not what its name says, or that law sees nothing. */
  readonly law: LawNumber;
  /** Name of the operation. */
  readonly operation: string;
  /** Name of the geometry. */
  readonly geometry: string;
  readonly fault: PlantedFault;
}

const TWO = 'two slots, the smallest volume';
const THREE = 'three slots';
const WRAP = 'sequence before its wrap';
const STAGE = 'stage into an empty slot';
const STAMP = { writer: 'updater', time: 0 } as const;
const BLOCK = LIMITS.BLOCK_SIZE;

const isFlush = (step: Step): boolean => step.kind === 'flush';
const lastWrite = (steps: readonly Step[]): number => steps.findLastIndex((step) => step.kind === 'write');

/** Leaves out the flush at an index. */
function withoutFlush(steps: readonly Step[], at: number): readonly Step[] {
  return steps.filter((_, index) => index !== at);
}

/**
 * The device as a slot manager sees it that has forgotten where a confirmed slot's blocks are: the slot has failed, and its
 * descriptor is said to lie a group further on, where there is none. What is written has the slot as it is.
 */
function withoutBlocksOf(device: BlockDevice, index: number): BlockDevice {
  const { ringBlocks, ringRecords, groupBlocks } = Volume.open(device).superblock;
  const entry = 128 + index * SLOT_ENTRY.sizeBytes;
  const isRecord = (offset: number): boolean =>
    ringBlocks.some((first) => offset >= first * BLOCK && offset < (first + ringRecords) * BLOCK);
  const changed = (bytes: Uint8Array, from: string, to: string, blocks: bigint): void => {
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const record = bytes.subarray(at, at + BLOCK);
      if (SLOT_STATES[record[entry] ?? 0] !== from) continue;
      record[entry] = SLOT_STATES.findIndex((state) => state === to);
      const view = new DataView(record.buffer, record.byteOffset + entry);
      const { offset } = SLOT_ENTRY.fields.descriptorBlock;
      view.setBigUint64(offset, view.getBigUint64(offset, true) + blocks, true);
      seal(record);
    }
  };
  return {
    ...members(device),
    read(offset, into) {
      device.read(offset, into);
      if (isRecord(offset)) changed(into, 'confirmed', 'failed', BigInt(groupBlocks));
    },
    write(offset, bytes) {
      const copy = bytes.slice();
      if (isRecord(offset)) changed(copy, 'failed', 'confirmed', -BigInt(groupBlocks));
      device.write(offset, copy);
    },
  };
}

/** Opens a volume by a reader that puts something in the superblock right before it looks. */
function openRepaired(device: BlocksDevice, repair: (view: DataView) => void): Volume {
  const blocks = withSuperblocks(device.blocks, repair, isWhole);
  return Volume.open(new BlocksDevice(blocks, device.sectorSize));
}

/** Opens a volume after the rings were changed in memory, so that a faulty reader can be had without changing the reader. */
function openChanged(device: BlocksDevice, change: (bytes: Uint8Array, block: number) => void): Volume {
  const { superblock } = Volume.open(device);
  const blocks = [...device.blocks];
  for (const first of superblock.ringBlocks) {
    for (let block = first; block < first + superblock.ringRecords; block += 1) {
      const bytes = blocks[block]?.slice();
      if (bytes === undefined) continue;
      change(bytes, block);
      blocks[block] = bytes;
    }
  }
  return Volume.open(new BlocksDevice(blocks, device.sectorSize));
}

/** Boots by a loader that refuses a volume with any feature in the field at `offset`. */
function bootRefusing(device: BlocksDevice, offset: number): BootOutcome {
  const superblock = new Uint8Array(BLOCK);
  device.read(0, superblock);
  const refused = new DataView(superblock.buffer).getUint32(offset, true) !== 0;
  return refused ? { log: [] } : bootOnce(device, { lastBoot: 'power-lost' });
}

function seal(bytes: Uint8Array): void {
  const crc = structureCrc(bytes, RECORD_HEADER.fields.crc);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(RECORD_HEADER.fields.crc.offset, crc, true);
}

export const CANARIES: readonly Canary[] = [
  {
    name: 'the record is written before the data',
    law: 2,
    operation: STAGE,
    geometry: TWO,
    fault: {
      steps(steps) {
        const record = steps[lastWrite(steps)];
        const first = steps.findIndex(isFlush);
        if (record === undefined) return steps;
        const rest = steps.filter((step) => step !== record);
        return [...rest.slice(0, first + 1), record, { kind: 'flush' }, ...rest.slice(first + 1)];
      },
    },
  },
  {
    name: 'no flush between the data and the record',
    law: 2,
    operation: STAGE,
    geometry: TWO,
    fault: {
      steps: (steps) =>
        withoutFlush(
          steps,
          steps.findLastIndex((step, at) => isFlush(step) && at < lastWrite(steps)),
        ),
    },
  },
  {
    name: 'no flush after the record that empties the slot',
    law: 2,
    operation: 'stage over the older confirmed release',
    geometry: TWO,
    fault: { steps: (steps) => withoutFlush(steps, steps.findIndex(isFlush)) },
  },
  {
    name: 'no flush after the last record',
    law: 1,
    operation: 'commit',
    geometry: TWO,
    fault: { steps: (steps) => withoutFlush(steps, steps.findLastIndex(isFlush)) },
  },
  {
    name: 'a record erases the one before it',
    law: 1,
    operation: 'commit',
    geometry: TWO,
    fault: {
      steps(steps, start) {
        const current = Volume.open(new BlocksDevice(start)).record.block;
        const erase: Step = { kind: 'write', block: current, contents: [new Uint8Array(BLOCK)] };
        return [erase, { kind: 'flush' }, ...steps];
      },
    },
  },
  {
    name: 'the attempt is not written',
    law: 3,
    operation: 'boot of a trial',
    geometry: TWO,
    fault: { boot: (device) => bootOnce(new BlocksDevice(device.blocks), { lastBoot: 'power-lost' }) },
  },
  {
    name: 'the attempt is not flushed',
    law: 3,
    operation: 'boot of a trial',
    geometry: TWO,
    fault: {
      boot(device) {
        const flushless: BlockDevice = {
          ...members(device),
          flush: () => {},
        };
        return bootOnce(flushless, { lastBoot: 'power-lost' });
      },
    },
  },
  {
    name: 'a record is not read back from the medium',
    law: 1,
    operation: 'rollback of a trial',
    geometry: TWO,
    fault: {
      run(device) {
        const cache = new Map<number, Uint8Array>();
        const cached: BlockDevice = {
          ...members(device),
          read(offset, into) {
            device.read(offset, into);
            const known = cache.get(offset);
            if (known?.length === into.length) into.set(known);
          },
          write(offset, bytes) {
            cache.set(offset, bytes.slice());
            device.write(offset, bytes);
          },
        };
        rollback(Volume.open(cached), 1);
      },
    },
  },
  {
    name: 'the floor is raised at staging',
    law: 6,
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device, production) {
        production(device);
        Volume.open(device).write((draft) => draft.setFloor(2n), STAMP);
      },
    },
  },
  {
    name: 'the digest of what failed is forgotten',
    law: 5,
    operation: 'rollback of a trial',
    geometry: TWO,
    fault: {
      run(device) {
        const changes = { state: SLOT_STATES.indexOf('failed'), reason: REASONS.indexOf('rollback') };
        Volume.open(device).write((draft) => draft.setSlot(1, changes), STAMP);
      },
    },
  },
  {
    name: 'sequences are compared as plain numbers',
    law: 9,
    operation: STAGE,
    geometry: WRAP,
    fault: {
      open(device) {
        const volume = Volume.open(device);
        const records = volume
          .scanRings()
          .flatMap(({ result }) => ('record' in result ? [result.record] : []));
        const highest = records.reduce((a, b) => (a.sequence > b.sequence ? a : b));
        return openChanged(device, (bytes, block) => {
          if (block !== highest.block) bytes.fill(0);
        });
      },
    },
  },
  {
    name: 'the checksum of a record is not looked at',
    law: 9,
    operation: 'commit',
    geometry: TWO,
    fault: { open: (device) => openChanged(device, seal) },
  },
  {
    name: 'a stage takes the slot of the running release',
    law: 1,
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device) {
        const volume = Volume.open(device);
        volume.write((draft) => draft.clearSlot(0), STAMP);
        stageRelease(volume, 2);
      },
    },
  },
  {
    name: 'a stage forgets the blocks of a confirmed slot',
    law: 1,
    operation: STAGE,
    geometry: TWO,
    fault: {
      run: (device) => void stageRelease(Volume.open(withoutBlocksOf(device, 0)), 2),
    },
  },
  {
    name: 'a new release gets the lowest priority',
    law: 1,
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device, production) {
        production(device);
        Volume.open(device).write((draft) => draft.setSlot(1, { priority: 0 }), STAMP);
      },
    },
  },
  {
    name: 'the generation of a slot is not that of its descriptor',
    law: 1,
    operation: STAGE,
    geometry: THREE,
    fault: {
      run(device, production) {
        production(device);
        const volume = Volume.open(device);
        const { generation } = volume.slot(0);
        volume.write((draft) => draft.setSlot(1, { generation }), STAMP);
      },
    },
  },
  {
    name: 'both rings lie in one erase group',
    law: 1,
    operation: 'commit',
    geometry: TWO,
    // As if a volume for erase groups of 16 blocks lay on a medium that loses 64 at once.
    fault: { mediumGroupBlocks: 64 },
  },
  {
    name: 'a confirmed boot writes a record',
    law: 4,
    operation: 'rollback of a trial',
    geometry: TWO,
    fault: {
      boot(device) {
        const outcome = bootOnce(device, { lastBoot: 'power-lost' });
        if (outcome.started === undefined || outcome.started.attempt !== undefined) return outcome;
        const volume = Volume.open(device);
        if (volume.writable) volume.write(() => {}, STAMP);
        return outcome;
      },
    },
  },
  {
    name: 'the place of the second ring is not looked at',
    law: 7,
    operation: 'commit',
    geometry: TWO,
    fault: {
      open: (device) =>
        openRepaired(device, (view) => {
          const groupBlocks = view.getUint32(SUPERBLOCK.fields.groupBlocks.offset, true);
          view.setBigUint64(SUPERBLOCK.fields.ring1Block.offset, BigInt(2 * groupBlocks), true);
        }),
    },
  },
  {
    name: 'a record that does not hold ends the program',
    law: 8,
    operation: 'commit',
    geometry: TWO,
    fault: {
      open(device) {
        const volume = Volume.open(device);
        if (volume.scanRings().some(({ result }) => 'error' in result && !result.blank))
          throw new RangeError('a record that does not hold');
        return volume;
      },
    },
  },
  {
    name: 'an unknown ro-compat bit is not looked at',
    law: 10,
    operation: 'commit',
    geometry: TWO,
    fault: {
      open: (device) =>
        openRepaired(device, (view) => view.setUint32(SUPERBLOCK.fields.roCompat.offset, 0, true)),
    },
  },
  {
    name: 'a loader refuses an unknown compat bit',
    law: 10,
    operation: 'rollback of a trial',
    geometry: TWO,
    fault: { boot: (device) => bootRefusing(device, SUPERBLOCK.fields.compat.offset) },
  },
  {
    name: 'a loader refuses an unknown ro-compat bit',
    law: 10,
    operation: 'boot of a trial',
    geometry: TWO,
    fault: { boot: (device) => bootRefusing(device, SUPERBLOCK.fields.roCompat.offset) },
  },
  {
    name: 'a loader that could not write starts nothing',
    law: 1,
    operation: 'boot of a trial',
    geometry: TWO,
    fault: {
      run(device, production) {
        let broken = false;
        production({
          ...members(device),
          read(offset, into) {
            if (broken) throw new SdfsError('SDFS_IO', 'Nothing is read after a write that failed');
            device.read(offset, into);
          },
          write(offset, bytes) {
            broken = true;
            device.write(offset, bytes);
            broken = false;
          },
        });
      },
    },
  },
];

/** The methods of a device, so that single ones can be replaced. */
function members(device: BlockDevice): BlockDevice {
  return {
    name: device.name,
    sizeBytes: device.sizeBytes,
    sectorSize: device.sectorSize,
    read: (offset, into) => device.read(offset, into),
    write: (offset, bytes) => device.write(offset, bytes),
    flush: () => device.flush(),
    dropCaches: () => device.dropCaches(),
    close: () => device.close(),
  };
}
