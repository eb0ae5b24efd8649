/** `sdfs ls`: the files of a volume's slots. */
import { defineCommand, EXIT_DONE, EXIT_FAILED, tell } from '@cocon-os/cli';

import type { SlotFile } from '../descriptor.ts';
import { isSdfsError, type SdfsError } from '../errors.ts';
import type { Volume } from '../volume.ts';
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
      const [, named] = input.args;
      const slots =
        named === undefined
          ? volume.liveSlots().map(({ index }) => readable(volume, index))
          : [filesOf(volume, parseSlot(named))];
      if (input.json) printJson(terminal, { slots: slots.map(forJson) });
      else terminal.out(slots.flatMap(({ slot, files }) => files.map((file) => line(slot, file))).join(''));
      const errors = slots.flatMap(({ error }) => error ?? []);
      for (const { code, message, facts, hint } of errors)
        tell('sdfs', terminal, { code, message, facts, hint: hint ?? 'sdfs fsck tells what is damaged.' });
      return errors.length === 0 ? EXIT_DONE : EXIT_FAILED;
    }),
});

interface Listed {
  readonly slot: number;
  readonly files: readonly SlotFile[];
  readonly error?: SdfsError;
}

function filesOf(volume: Volume, slot: number): Listed {
  return { slot, files: volume.descriptor(slot).files };
}

/** One slot that cannot be read does not hide the others. */
function readable(volume: Volume, slot: number): Listed {
  try {
    return filesOf(volume, slot);
  } catch (thrown) {
    if (isSdfsError(thrown)) return { slot, files: [], error: thrown };
    throw thrown;
  }
}

function forJson({ slot, files, error }: Listed) {
  return error === undefined ? { slot, files } : { slot, error: error.code };
}

function line(slot: number, file: SlotFile): string {
  const extents = file.extents.map(({ start, blocks }) => `${start}+${blocks}`).join(' ');
  return `${slot}  ${String(file.size).padStart(12)}  ${file.sha256.slice(0, 12)}  ${file.name.padEnd(12)}  ${extents}\n`;
}
