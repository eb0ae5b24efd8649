/** `cocon-update history`. */
import { defineCommand } from '@cocon-os/cli';
import { history as readHistory } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';

export const history = defineCommand<UpdaterContext, typeof VOLUME_OPTIONS>({
  name: 'history',
  summary: 'Show what happened to the slots, as far back as the boot records reach',
  args: [],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'Of this device', command: 'cocon-update history' },
    { title: 'Of a disk image', command: 'cocon-update history --volume disk.img' },
  ],
  async run({ platform, terminal }, { options, json }) {
    const events = await withVolume(platform, options, 'read', ({ volume }) => readHistory(volume));
    terminal.out(json ? `${JSON.stringify({ events })}\n` : events.map(() => '').join(''));
  },
});
