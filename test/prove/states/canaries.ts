/** Faults planted into the slot protocol, each a step of the machine done otherwise, to see whether the walk would find it. */
import {
  FAILURE_ENTRY,
  isSdfsError,
  LIMITS,
  REASONS,
  RECORD_HEADER,
  SLOT_STATES,
  structureCrc,
  Volume,
  type BlockDevice,
} from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';

import { BlocksDevice } from '../blocks-device.ts';
import type { LawNumber } from '../violation.ts';
import type { WorldSize } from './explore.ts';
import { PRODUCTION, type Machine } from './machine.ts';

/** A fault, and the world in which it is planted. */
export interface StateCanary {
  readonly name: string;
  /** The law that has to catch it. */
  readonly law: LawNumber;
  readonly size: WorldSize;
  readonly machine: Machine;
  /** Planted for what is asked of the graph, with the laws of single events left out. */
  readonly graphOnly?: boolean;
}

const STAMP = { writer: 'updater', time: 0 } as const;
const NOTHING: BootOutcome = { log: [] };
const SMALL: WorldSize = { slots: 2, attempts: 2, freeShutdowns: 0, releases: 2, damages: ['kernel'] };
const SHUT_DOWN: WorldSize = { slots: 2, attempts: 2, freeShutdowns: 1, releases: 1, damages: [] };

/** As if the record had no count of orderly shutdowns. */
const withoutCounting: Machine['noteShutdown'] = (volume, slot) => {
  const { shutdowns } = volume.slot(slot);
  const result = PRODUCTION.noteShutdown(volume, slot);
  if (result.changed) volume.write((draft) => draft.setSlot(slot, { shutdowns }), STAMP);
  return result;
};

/** As if what is given up for orderly shutdowns were listed so each time. */
function listAsShutDown(device: BlockDevice): void {
  const { record } = Volume.open(device);
  const restarting = record.slots
    .filter(({ state, reason }) => state === 'failed' && reason === 'shutdown')
    .map(({ releaseDigest }) => releaseDigest);
  const bytes = record.bytes.slice();
  const { FAILURE_ENTRY_OFFSET, FAILURE_ENTRY_SIZE, FAILURE_ENTRIES, BLOCK_SIZE } = LIMITS;
  for (let index = 0; index < FAILURE_ENTRIES; index += 1) {
    const at = FAILURE_ENTRY_OFFSET + index * FAILURE_ENTRY_SIZE;
    const place = at + FAILURE_ENTRY.fields.reason.offset;
    const digest = Buffer.from(bytes.subarray(at, at + 32)).toString('hex');
    if (restarting.includes(digest) && bytes[place] === REASONS.indexOf('no-commit'))
      bytes[place] = REASONS.indexOf('shutdown');
  }
  if (Buffer.compare(bytes, record.bytes) === 0) return;
  const { crc } = RECORD_HEADER.fields;
  new DataView(bytes.buffer).setUint32(crc.offset, structureCrc(bytes, crc), true);
  device.write(record.block * BLOCK_SIZE, bytes);
}

export const STATE_CANARIES: readonly StateCanary[] = [
  {
    name: 'a rollback forgets the digest of what failed',
    law: 5,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      rollback(volume, slot) {
        const changes = { state: SLOT_STATES.indexOf('failed'), reason: REASONS.indexOf('rollback') };
        volume.write((draft) => draft.setSlot(slot, changes), STAMP);
        return true;
      },
    },
  },
  {
    name: 'a loss of power is charged like a crash',
    law: 3,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      boot: (device, how) => PRODUCTION.boot(device, { ...how, lastBoot: 'reset' }),
    },
  },
  {
    name: 'the first record of a boot does not count its attempt',
    law: 3,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      boot(device, how) {
        device.flush();
        return PRODUCTION.boot(device, how);
      },
    },
  },
  {
    name: 'interruptions are granted without end',
    law: 3,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      noteProgress(volume, slot, note) {
        const noted = PRODUCTION.noteProgress(volume, slot, note);
        if (volume.slot(slot).state === 'trial')
          volume.write((draft) => draft.setSlot(slot, { interruptionsLeft: 2 }), STAMP);
        return noted;
      },
    },
  },
  {
    name: 'an orderly shutdown is charged like a crash',
    law: 3,
    size: SHUT_DOWN,
    machine: { ...PRODUCTION, noteShutdown: () => ({ changed: false, givenBack: false }) },
  },
  {
    name: 'orderly shutdowns are free without end',
    law: 3,
    size: SHUT_DOWN,
    machine: { ...PRODUCTION, noteShutdown: withoutCounting },
  },
  {
    name: 'a release that restarts itself is never left',
    law: 3,
    size: SHUT_DOWN,
    graphOnly: true,
    machine: { ...PRODUCTION, noteShutdown: withoutCounting },
  },
  {
    name: 'a release that restarts itself is staged again for ever',
    law: 5,
    size: SHUT_DOWN,
    machine: {
      ...PRODUCTION,
      boot(device, how) {
        const outcome = PRODUCTION.boot(device, how);
        listAsShutDown(device);
        return outcome;
      },
    },
  },
  {
    name: 'a commit raises the floor to the new release alone',
    law: 6,
    size: { ...SMALL, releases: 3, damages: [] },
    machine: {
      ...PRODUCTION,
      commit(volume, slot) {
        const result = PRODUCTION.commit(volume, slot);
        const version = BigInt(volume.release(slot).securityVersion);
        if (version > volume.record.floor) volume.write((draft) => draft.setFloor(version), STAMP);
        return result;
      },
    },
  },
  {
    name: 'a stage overwrites the only confirmed slot',
    law: 2,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      stage(volume, release, options) {
        const confirmed = volume.record.slots.filter(({ state }) => state === 'confirmed');
        const [only] = confirmed;
        if (only !== undefined) volume.write((draft) => draft.clearSlot(only.index), STAMP);
        PRODUCTION.stage(volume, release, options);
      },
    },
  },
  {
    name: 'each boot of a confirmed release is noted',
    law: 4,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      boot(device, how) {
        const outcome = PRODUCTION.boot(device, how);
        if (outcome.started === undefined || outcome.started.attempt !== undefined) return outcome;
        try {
          Volume.open(device).write(() => {}, STAMP);
        } catch (thrown) {
          // Of a disk that takes no writes.
          if (!isSdfsError(thrown)) throw thrown;
        }
        return outcome;
      },
    },
  },
  {
    name: 'a loader starts nothing from a disk that is read-only',
    law: 2,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      boot: (device, how) => (how.writable ? PRODUCTION.boot(device, how) : NOTHING),
    },
  },
  {
    name: 'a loader starts nothing from a disk whose writes fail',
    law: 2,
    size: SMALL,
    machine: {
      ...PRODUCTION,
      boot: (device, how) =>
        device instanceof BlocksDevice && device.failing ? NOTHING : PRODUCTION.boot(device, how),
    },
  },
  {
    name: 'no boot of a trial is counted',
    law: 3,
    size: { ...SMALL, releases: 1, damages: [] },
    graphOnly: true,
    machine: {
      ...PRODUCTION,
      boot: (device, how) =>
        PRODUCTION.boot(device instanceof BlocksDevice ? new BlocksDevice(device.blocks) : device, how),
    },
  },
  {
    name: 'a second release is never confirmed',
    law: 2,
    size: { ...SMALL, attempts: 1, damages: [] },
    graphOnly: true,
    machine: {
      ...PRODUCTION,
      commit(volume, slot) {
        const others = volume.record.slots.filter(
          ({ index, state }) => index !== slot && state === 'confirmed',
        );
        return others.length === 0
          ? PRODUCTION.commit(volume, slot)
          : { changed: false, floor: volume.record.floor };
      },
    },
  },
];
