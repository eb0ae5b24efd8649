/** `sdfs ls`: the files of a volume's slots. */
import { defineCommand, EXIT_DONE, EXIT_FAILED, tell } from '@cocon-os/cli';

import type { SlotFile } from '../descriptor.ts';
import type { Volume } from '../volume.ts';
import type { Context } from './context.ts';
import { listedSlots, slotForJson, type ListedSlot } from './listed-slots.ts';
import { printJson } from './print-json.ts';
import { parseSlot, VOLUME_OPTIONS, withVolume } from './volume-options.ts';

/** `sdfs ls <volume> [slot]`. */
export const lsCommand = defineCommand<Context, typeof VOLUME_OPTIONS>({
  name: 'ls',
  summary: 'List the files of one slot, or of all',
  args: ['volume', 'slot?'],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'All slots', command: 'sdfs ls disk.img' },
    {
      title: 'Where the root file system of slot 0 lies',
      command: 'sdfs ls --json disk.img 0 | jq \'.slots[0].files[] | select(.name == "rootfs").extents\'',
    },
  ],
  run: ({ terminal }, input) =>
    withVolume(input, (volume) => {
      const [, named] = input.args;
      const slots = named === undefined ? listedSlots(volume) : [filesOf(volume, parseSlot(named))];
      if (input.json) printJson(terminal, { slots: slots.map(slotForJson) });
      else terminal.out(slots.flatMap(({ slot, files }) => files.map((file) => line(slot, file))).join(''));
      const errors = slots.flatMap(({ error }) => error ?? []);
      for (const { code, message, facts, hint } of errors)
        tell('sdfs', terminal, { code, message, facts, hint: hint ?? 'sdfs fsck tells what is damaged.' });
      return errors.length === 0 ? EXIT_DONE : EXIT_FAILED;
    }),
});

/** One that is named has to be readable. */
function filesOf(volume: Volume, slot: number): ListedSlot {
  return { slot, files: volume.descriptor(slot).files };
}

function line(slot: number, file: SlotFile): string {
  const extents = file.extents.map(({ start, blocks }) => `${start}+${blocks}`).join(' ');
  return `${slot}  ${String(file.size).padStart(12)}  ${file.sha256.slice(0, 12)}  ${file.name.padEnd(12)}  ${extents}\n`;
}
