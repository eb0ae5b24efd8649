/**
 * Faults that are planted to see whether the proof would find them: each is a small change of what production code does, seen
 * from outside, and the law that has to catch it.
 */
import {
  LIMITS,
  REASONS,
  RECORD_HEADER,
  SLOT_STATES,
  structureCrc,
  Volume,
  type BlockDevice,
} from '@cocon-os/sdfs';

import { bootOnce } from '../cross/boot.ts';
import { BlocksDevice } from './blocks-device.ts';
import type { PlantedFault } from './examine.ts';
import { stageRelease } from './releases.ts';
import type { Step } from './simulated-disk.ts';

/** A fault and where it is planted. */
export interface Canary {
  readonly name: string;
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

/** Changes a block on the disk by hand. */
function raw(device: BlockDevice, block: number, change: (bytes: Uint8Array) => void): void {
  const bytes = new Uint8Array(BLOCK);
  device.read(block * BLOCK, bytes);
  change(bytes);
  device.write(block * BLOCK, bytes);
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

function seal(bytes: Uint8Array): void {
  const crc = structureCrc(bytes, RECORD_HEADER.fields.crc);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(RECORD_HEADER.fields.crc.offset, crc, true);
}

export const CANARIES: readonly Canary[] = [
  {
    name: 'the record is written before the data',
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
    operation: 'stage over the older confirmed release',
    geometry: TWO,
    fault: { steps: (steps) => withoutFlush(steps, steps.findIndex(isFlush)) },
  },
  {
    name: 'no flush after the last record',
    operation: 'commit',
    geometry: TWO,
    fault: { steps: (steps) => withoutFlush(steps, steps.findLastIndex(isFlush)) },
  },
  {
    name: 'a record erases the one before it',
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
    operation: 'boot of a trial',
    geometry: TWO,
    fault: { boot: (device) => bootOnce(new BlocksDevice(device.blocks), { lastBoot: 'power-lost' }) },
  },
  {
    name: 'the attempt is not flushed',
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
    name: 'the floor is raised at staging',
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device, production) {
        production();
        Volume.open(device).write((draft) => draft.setFloor(2n), STAMP);
      },
    },
  },
  {
    name: 'the digest of what failed is forgotten',
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
    operation: 'commit',
    geometry: TWO,
    fault: { open: (device) => openChanged(device, seal) },
  },
  {
    name: 'a stage takes the slot of the running release',
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
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device) {
        const volume = Volume.open(device);
        const before = volume.record.bytes.slice();
        volume.write((draft) => draft.clearSlot(0), STAMP);
        stageRelease(volume, 2, { runningSlot: 0 });
        const entry = before.subarray(128, 256);
        const { block } = volume.record;
        raw(device, block, (bytes) => {
          bytes.set(entry, 128);
          seal(bytes);
        });
        device.flush();
      },
    },
  },
  {
    name: 'a new release gets the lowest priority',
    operation: STAGE,
    geometry: TWO,
    fault: {
      run(device, production) {
        production();
        Volume.open(device).write((draft) => draft.setSlot(1, { priority: 0 }), STAMP);
      },
    },
  },
  {
    name: 'the generation of another slot is given again',
    operation: STAGE,
    geometry: THREE,
    fault: {
      run(device, production) {
        production();
        const volume = Volume.open(device);
        const { generation } = volume.slot(0);
        volume.write((draft) => draft.setSlot(1, { generation }), STAMP);
      },
    },
  },
  {
    name: 'both rings lie in one erase group',
    operation: 'commit',
    geometry: TWO,
    fault: {
      steps(steps, start) {
        const { superblock } = Volume.open(new BlocksDevice(start));
        const [ring0, ring1] = superblock.ringBlocks;
        const wiped = (block: number): Step => ({ kind: 'write', block, contents: [new Uint8Array(BLOCK)] });
        const both = [ring0, ring1].flatMap((ring) =>
          Array.from({ length: superblock.ringRecords }, (_, index) => wiped(ring + index)),
        );
        // What the loss of the one group that both are in does.
        return [...both, ...steps];
      },
    },
  },
];

/** The methods of a device, so that single ones can be replaced. */
function members(device: BlocksDevice): BlockDevice {
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
