/** `cocon-update rollback`. */
import { defineCommand, EXIT_DONE, EXIT_NOTHING_TO_DO } from '@cocon-os/cli';
import { bootOrder, rollback as rollBackSlot } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolume, type OpenVolume } from '../open-volume.ts';
import { SLOT_OPTION, targetSlot } from '../target-slot.ts';

const OPTIONS = {
  ...VOLUME_OPTIONS,
  slot: {
    ...SLOT_OPTION.slot,
    help: 'Slot that is meant; without it, the trial that runs, else the staged one, else what runs',
  },
  detail: {
    type: 'string',
    value: '<text>',
    help: 'Why, for the record; 48 bytes are kept',
    mayBeEmpty: true,
  },
} as const;

export const rollback = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'rollback',
  summary: 'Give up the release that is staged, on trial or running; the next boot takes the one before',
  args: [],
  options: OPTIONS,
  examples: [
    { title: 'Back to the release before', command: 'cocon-update rollback' },
    { title: 'And say why', command: 'cocon-update rollback --detail "the fan never stops"' },
  ],
  run({ platform, terminal }, { options, json }) {
    return withVolume(platform, options, 'write', (open) => {
      const slot = targetSlot(open, options.slot ?? givenUpFirst(open), 'roll back');
      const changed = rollBackSlot(open.volume, slot.index, { time: platform.now(), detail: options.detail });
      const next = bootOrder(open.volume.record, open.volume)[0] ?? null;
      if (json) {
        terminal.out(`${JSON.stringify({ slot: slot.index, digest: slot.releaseDigest, changed, next })}\n`);
      } else {
        const done = changed
          ? `Slot ${slot.index} is given up`
          : `Nothing to do: slot ${slot.index} is given up already`;
        terminal.out(`${done}; the next boot starts slot ${next ?? 'none'}.\n`);
      }
      return changed ? EXIT_DONE : EXIT_NOTHING_TO_DO;
    });
  },
});

/** A running trial, else a staged one that would boot next; the running confirmed slot when there is no trial. */
function givenUpFirst({ volume, running }: OpenVolume): number | undefined {
  const trials = volume.record.slots.filter((slot) => slot.state === 'trial');
  return (
    trials.find((slot) => slot.index === running) ?? trials.toSorted((a, b) => b.priority - a.priority)[0]
  )?.index;
}
