/** `cocon-update mark`. */
import { defineCommand, UsageError } from '@cocon-os/cli';
import { noteProgress, PROGRESS } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolumeOfTrial, type OpenVolume } from '../open-volume.ts';
import { SLOT_OPTION, targetSlot } from '../target-slot.ts';

const OPTIONS = { ...VOLUME_OPTIONS, ...SLOT_OPTION };
/** What user space may say of itself; the others are the loader's to write. */
const MARKS = ['init', 'health', 'healthy'] as const;

export const mark = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'mark',
  summary: 'Note how far this boot got; writes nothing unless the release is on trial',
  args: ['progress'],
  options: OPTIONS,
  examples: [{ title: 'First thing in user space', command: 'cocon-update mark init' }],
  run({ platform, terminal }, { args, options, json }) {
    const progress = MARKS.find((each) => each === args[0]);
    if (progress === undefined) {
      throw new UsageError(`Cannot mark "${args[0] ?? ''}"`, `The marks are ${MARKS.join(', ')}.`);
    }
    const slotOf = (open: OpenVolume) => targetSlot(open, options.slot, 'mark progress in');
    return withVolumeOfTrial(platform, options, slotOf, ({ volume }, slot, trial) => {
      const reached = PROGRESS.indexOf(progress) <= PROGRESS.findIndex((name) => name === slot.progress);
      const changed =
        trial && !reached && noteProgress(volume, slot.index, { progress, time: platform.now() });
      if (json) terminal.out(`${JSON.stringify({ slot: slot.index, progress, changed })}\n`);
    });
  },
});
