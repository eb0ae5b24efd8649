/** `sdfs dump`: all structures of a volume as text. */
import { defineCommand } from '@cocon-os/cli';

import type { BlockDevice } from '../block-device.ts';
import { dump } from '../dump.ts';
import { fsck } from '../fsck/fsck.ts';
import { nodeCrypto } from '../node/node-crypto.ts';
import { scanRings } from '../ring.ts';
import { readSuperblock } from '../superblock.ts';
import { Volume } from '../volume.ts';
import type { Context } from './context.ts';
import { listedSlots, slotForJson } from './listed-slots.ts';
import { orUndefined } from './or-undefined.ts';
import { printJson } from './print-json.ts';
import { VOLUME_OPTIONS, withDevice } from './volume-options.ts';

/** `sdfs dump <volume>`. */
export const dumpCommand = defineCommand<Context, typeof VOLUME_OPTIONS>({
  name: 'dump',
  summary: 'Print all structures of a volume, valid or not; the same bytes give the same text',
  args: ['volume'],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'What changed', command: 'diff <(sdfs dump before.img) <(sdfs dump after.img)' },
    {
      title: 'Every boot record that is left',
      command: "sdfs dump --json disk.img | jq '.records[].sequence'",
    },
  ],
  run: ({ terminal }, input) =>
    withDevice(input, 'read', ({ device, startBytes }) => {
      if (!input.json) return terminal.out(dump(device));
      const findings = fsck(device, { crypto: nodeCrypto, startBytes });
      return printJson(terminal, { ...structures(device), findings });
    }),
});

/** What there is; without a superblock nothing tells where the rest would be, and without a record no slot is known. */
function structures(device: BlockDevice) {
  const superblock = orUndefined(() => readSuperblock(device));
  if (superblock === undefined) return { superblock: null, records: [], slots: [] };
  const records = scanRings(device, superblock).flatMap(({ result }) =>
    'record' in result ? [result.record] : [],
  );
  const volume = orUndefined(() => Volume.open(device));
  const slots = volume === undefined ? [] : listedSlots(volume).map(slotForJson);
  return { superblock, records, slots };
}
