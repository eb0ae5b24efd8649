/** `cocon-update commit`. */
import { defineCommand, EXIT_DONE, EXIT_NOTHING_TO_DO } from '@cocon-os/cli';
import { commit as commitSlot } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';
import { provenSlot, SLOT_OPTION } from '../target-slot.ts';

const OPTIONS = { ...VOLUME_OPTIONS, ...SLOT_OPTION };

export const commit = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'commit',
  summary: 'Keep the release on trial: from now on it starts without being counted',
  args: [],
  options: OPTIONS,
  examples: [
    { title: 'The release that runs', command: 'cocon-update commit' },
    { title: 'A slot of a disk image', command: 'cocon-update commit --volume disk.img --slot 1' },
  ],
  run({ platform, terminal }, { options, json }) {
    return withVolume(platform, options, 'write', (open) => {
      const slot = provenSlot(open, options.slot, 'commit');
      const { changed, floor } = commitSlot(open.volume, slot.index, { time: platform.now() });
      if (json) {
        terminal.out(
          `${JSON.stringify({ slot: slot.index, digest: slot.releaseDigest, changed, floor: Number(floor) })}\n`,
        );
      } else {
        terminal.out(
          changed
            ? `Slot ${slot.index} is confirmed.\n`
            : `Nothing to do: slot ${slot.index} is confirmed already.\n`,
        );
      }
      return changed ? EXIT_DONE : EXIT_NOTHING_TO_DO;
    });
  },
});
