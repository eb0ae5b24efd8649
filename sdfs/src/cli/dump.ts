/** `sdfs dump`: all structures of a volume as text. */
import { defineCommand } from '@cocon-os/cli';

import { dump } from '../dump.ts';
import { isSdfsError } from '../errors.ts';
import { fsck } from '../fsck/fsck.ts';
import { nodeCrypto } from '../node/node-crypto.ts';
import { Volume } from '../volume.ts';
import type { Context } from './context.ts';
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
    withDevice(input, 'read', (device, startBytes) => {
      if (!input.json) return terminal.out(dump(device));
      const volume = Volume.open(device);
      return printJson(terminal, {
        superblock: volume.superblock,
        records: volume.scanRings().flatMap(({ result }) => ('record' in result ? [result.record] : [])),
        slots: volume.liveSlots().map((slot) => ({ slot: slot.index, ...readable(volume, slot.index) })),
        findings: fsck(device, { crypto: nodeCrypto, startBytes }),
      });
    }),
});

function readable(volume: Volume, index: number) {
  try {
    return { files: volume.descriptor(index).files };
  } catch (thrown) {
    if (isSdfsError(thrown)) return { error: thrown.code };
    throw thrown;
  }
}
