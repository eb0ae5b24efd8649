/** `cocon-update mark`. */
import { defineCommand, UsageError } from '@cocon-os/cli';
import { noteProgress, noteShutdown, PROGRESS, type Slot, type Volume } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolumeOfTrial, type OpenVolume } from '../open-volume.ts';
import { SLOT_OPTION, targetSlot } from '../target-slot.ts';

const OPTIONS = { ...VOLUME_OPTIONS, ...SLOT_OPTION };
/** What user space may say of itself; the others are the loader's to write. */
const MARKS = ['init', 'health', 'healthy', 'shutdown'] as const;

export const mark = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'mark',
  summary:
    'Note how far this boot got, or that it ends in good order; writes nothing unless the release is on trial',
  args: ['mark'],
  options: OPTIONS,
  examples: [
    { title: 'First thing in user space', command: 'cocon-update mark init' },
    {
      title: 'On the way to a reboot or power-off that is no fault of the release',
      command: 'cocon-update mark shutdown',
    },
  ],
  run({ platform, terminal }, { args, options, json }) {
    const wanted = MARKS.find((each) => each === args[0]);
    if (wanted === undefined) {
      throw new UsageError(`Cannot mark "${args[0] ?? ''}"`, `The marks are ${MARKS.join(', ')}.`);
    }
    const slotOf = (open: OpenVolume) => targetSlot(open, options.slot, 'mark progress in');
    return withVolumeOfTrial(platform, options, slotOf, ({ volume }, slot, trial) => {
      const time = platform.now();
      const changed = trial && note(volume, slot, wanted, time);
      if (json) terminal.out(`${JSON.stringify({ slot: slot.index, mark: wanted, changed })}\n`);
    });
  },
});

/** Whether anything was written. */
function note(volume: Volume, slot: Slot, wanted: (typeof MARKS)[number], time: number): boolean {
  if (wanted === 'shutdown') return noteShutdown(volume, slot.index, { time }).changed;
  const reached = PROGRESS.indexOf(wanted) <= PROGRESS.findIndex((name) => name === slot.progress);
  // After a shutdown this is another start of user space, whatever was reached before it.
  if (reached && slot.reason !== 'shutdown') return false;
  return noteProgress(volume, slot.index, { progress: wanted, time });
}
