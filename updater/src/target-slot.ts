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
