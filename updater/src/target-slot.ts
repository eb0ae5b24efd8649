/** Which slot commit, rollback, mark and check are about. */
import type { Slot } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import type { OpenVolume } from './open-volume.ts';

/** The option that names it. */
export const SLOT_OPTION = {
  slot: { type: 'number', value: '<number>', help: 'Slot that is meant; without it, the one that runs' },
} as const;

/** The named slot, else the running one. `RUNNING_SLOT_UNKNOWN`; `SLOT_NOT_FOUND` when it is empty or does not exist. */
export function targetSlot({ volume, running }: OpenVolume, named: number | undefined, action: string): Slot {
  const index = named ?? running;
  if (index === undefined) {
    throw new UpdaterError(
      'RUNNING_SLOT_UNKNOWN',
      `Cannot ${action}: this machine does not run a slot of the volume`,
      {
        hint: 'Name the slot: --slot <number>. cocon-update status lists them.',
      },
    );
  }
  return volume.liveSlot(index);
}

/**
 * As {@link targetSlot}, for what confirms. Of a trial that this machine does not run nothing is known, and a confirmed
 * release is not left any more: one that does not start would end the device. `SLOT_NOT_RUNNING`.
 */
export function provenSlot(open: OpenVolume, named: number | undefined, action: string): Slot {
  const slot = targetSlot(open, named, action);
  if (open.running === undefined || slot.index === open.running || slot.state !== 'trial') return slot;
  throw new UpdaterError(
    'SLOT_NOT_RUNNING',
    `Cannot ${action} slot ${slot.index}: it is on trial, and this machine runs slot ${open.running}`,
    { hint: 'Reboot: the next boot tries it, and commits it when its health checks pass.' },
  );
}
