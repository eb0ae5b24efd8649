/** `sdfs ls`: the files of a volume's slots. */
import { defineCommand } from '@cocon-os/cli';

import type { SlotFile } from '../descriptor.ts';
import type { Context } from './context.ts';
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
      const [, slot] = input.args;
      const indices = slot === undefined ? volume.liveSlots().map((each) => each.index) : [parseSlot(slot)];
      const slots = indices.map((index) => ({ slot: index, files: volume.descriptor(index).files }));
      if (input.json) printJson(terminal, { slots });
      else terminal.out(slots.flatMap((each) => each.files.map((file) => line(each.slot, file))).join(''));
    }),
});

function line(slot: number, file: SlotFile): string {
  const extents = file.extents.map(({ start, blocks }) => `${start}+${blocks}`).join(' ');
  return `${slot}  ${String(file.size).padStart(12)}  ${file.sha256.slice(0, 12)}  ${file.name.padEnd(12)}  ${extents}\n`;
}
