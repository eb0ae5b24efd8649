/** `cocon-update repair`. */
import { defineCommand, EXIT_DONE, EXIT_NOTHING_TO_DO } from '@cocon-os/cli';
import { plannedRepair, readTables, repairTables, type BlockDevice, type WrittenCopy } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { UpdaterError } from '../errors.ts';
import { readBootFacts } from '../kernel-command-line.ts';
import { runningVolume } from '../open-volume.ts';
import type { Platform } from '../platform.ts';

const OPTIONS = {
  volume: {
    type: 'string',
    value: '<path>',
    help: 'Disk image or whole disk; without it, the disk that this machine runs from, of which the backup alone is written',
  },
} as const;

export const repair = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'repair',
  summary:
    'Put the copies of the partition table where firmware looks; partitions and volume stay as they are',
  args: [],
  options: OPTIONS,
  examples: [
    { title: 'A card that is larger than the image on it', command: 'cocon-update repair --volume /dev/sdb' },
    { title: 'At the end of each boot of a device', command: 'cocon-update repair' },
  ],
  run({ platform, terminal }, { options, json }) {
    const own = options.volume === undefined ? ownDisk(platform) : undefined;
    const path = options.volume ?? own?.path ?? '';
    const scope = own === undefined ? 'both' : 'backup';
    // What writes nothing locks nothing.
    const planned = withDisk(platform, path, 'read', (disk) => {
      if (own !== undefined) assertNames(disk, own.partitionUuid);
      return plannedRepair(disk, scope);
    });
    const written =
      planned.length === 0 ? [] : withDisk(platform, path, 'write', (disk) => repairTables(disk, scope));
    if (json) terminal.out(`${JSON.stringify({ disk: path, written })}\n`);
    else terminal.out(describe(path, written));
    return written.length > 0 ? EXIT_DONE : EXIT_NOTHING_TO_DO;
  },
});

function describe(path: string, written: readonly WrittenCopy[]): string {
  return written.length > 0
    ? `Wrote the ${written.join(' and the ')} of the partition table of ${path}.\n`
    : `Nothing to do: the partition table of ${path} is where firmware looks, and so is its backup.\n`;
}

/** The disk that this machine runs from, and the partition by which it was found. */
function ownDisk(platform: Platform): { readonly path: string; readonly partitionUuid: string } {
  const { partitionUuid } = readBootFacts(platform);
  const { disk, path } = runningVolume(platform, partitionUuid);
  if (disk !== undefined && partitionUuid !== undefined) return { path: disk, partitionUuid };
  throw new UpdaterError('VOLUME_NOT_FOUND', `Cannot find the disk that ${path} is a partition of`, {
    hint: 'Name it: --volume /dev/<disk>.',
  });
}

/** A table that somebody has changed since the kernel read it is not ours to copy. */
function assertNames(disk: BlockDevice, partitionUuid: string): void {
  if (readTables(disk)?.partitions.some(({ uuid }) => uuid === partitionUuid) === true) return;
  throw new UpdaterError(
    'VOLUME_NOT_FOUND',
    `Cannot mend the partition table of ${disk.name}: it does not name the partition that this machine runs from, ${partitionUuid}`,
    { hint: 'Reboot, so that the kernel reads the table anew.' },
  );
}

function withDisk<Value>(
  platform: Platform,
  path: string,
  mode: 'read' | 'write',
  use: (disk: BlockDevice) => Value,
): Value {
  const disk = platform.openDevice(path, mode);
  try {
    return use(disk);
  } finally {
    disk.close();
  }
}
