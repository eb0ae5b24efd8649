/** `sdfs mkfs`: makes a volume in an image file, a partition of a disk image, or on a block device. */
import { existsSync } from 'node:fs';

import { defineCommand, formatBytes, parseBytes, plain, UsageError, type OptionValues } from '@cocon-os/cli';

import type { BlockDevice } from '../block-device.ts';
import { SdfsError } from '../errors.ts';
import { BLOCK_SIZE } from '../format.ts';
import { DEFAULT_GEOMETRY, isAligned } from '../geometry.ts';
import { mkfs, planVolume, type MkfsOptions } from '../mkfs.ts';
import { createImageFile, openFileDevice } from '../node/file-device.ts';
import { nodeCrypto } from '../node/node-crypto.ts';
import { openVolumeDevice, type PlacedVolume } from '../node/open-volume-device.ts';
import type { Context } from './context.ts';
import { describeContents } from './describe-contents.ts';
import { printJson } from './print-json.ts';

const OPTIONS = {
  size: { type: 'string', value: '<bytes>', help: 'Size of a new image file, for example 512MiB' },
  slots: {
    type: 'number',
    value: '<number>',
    help: 'Releases that the volume holds, 2 to 16; 3 if not given',
  },
  'erase-group': {
    type: 'string',
    value: '<bytes>',
    help: 'Erase group of the flash, a power of two, 64KiB to 64MiB; 4MiB if not given',
  },
  'ring-records': {
    type: 'number',
    value: '<number>',
    help: 'Boot records in each of the two rings, a power of two, 2 to 256; 64 if not given',
  },
  label: { type: 'string', value: '<text>', help: 'Label, at most 32 bytes', mayBeEmpty: true },
  uuid: { type: 'string', value: '<uuid>', help: 'UUID of the volume; drawn at random if not given' },
  sequence: { type: 'string', value: '<number>', help: 'Sequence of the first boot record; 1 if not given' },
  partition: {
    type: 'number',
    value: '<number>',
    help: 'Format this partition of type SDFS of a disk image or disk',
  },
  yes: { type: 'boolean', help: 'Destroy what is there without asking', short: 'y' },
} as const;

type Options = OptionValues<typeof OPTIONS>;

/** `sdfs mkfs <path>`. */
export const mkfsCommand = defineCommand<Context, typeof OPTIONS>({
  name: 'mkfs',
  summary: 'Make a volume; asks before it destroys anything',
  args: ['path'],
  options: OPTIONS,
  examples: [
    {
      title: 'A new image file with three slots',
      command: 'sdfs mkfs --size 512MiB --label system volume.img',
    },
    { title: 'The SDFS partition of a disk image', command: 'sdfs mkfs --partition 2 disk.img' },
    {
      title: 'An SD card with erase groups of 16 MiB',
      command: 'sdfs mkfs --slots 2 --erase-group 16MiB /dev/mmcblk0p2',
    },
  ],
  async run(context, { args, options, json }) {
    const [path = ''] = args;
    const wishes = readWishes(options, context.now());
    const device = open(path, options, wishes);
    try {
      await askBefore(context, device, path, options.yes);
      const { superblock } = mkfs(device, wishes, nodeCrypto);
      const sizeBytes = superblock.totalBlocks * BLOCK_SIZE;
      if (json) printJson(context.terminal, { volume: { name: device.name, sizeBytes, ...superblock } });
      else
        context.terminal.out(
          `made volume ${superblock.volumeUuid} on ${device.name}: ${formatBytes(sizeBytes)}, ${superblock.slotCount} slots\n`,
        );
    } finally {
      device.close();
    }
  },
});

function open(path: string, { size, partition }: Options, wishes: MkfsOptions): BlockDevice {
  if (!existsSync(path)) {
    if (size === undefined) {
      throw new UsageError(
        `Cannot make a volume in "${path}": there is no such file`,
        'Give --size to make one, for example --size 512MiB.',
      );
    }
    // Nothing is made of a wish that cannot be fulfilled.
    const sizeBytes = parseBytes(size);
    planVolume(sizeBytes, wishes, nodeCrypto);
    return createImageFile(path, sizeBytes);
  }
  if (size !== undefined) {
    throw new UsageError(
      `Cannot make "${path}" with --size ${size}: it exists`,
      'Leave --size out to format it as large as it is, or delete it first.',
    );
  }
  const { device, startBytes } =
    partition === undefined ? openWhole(path) : openVolumeDevice(path, 'write', { partition });
  try {
    checkAlignment(device, startBytes, wishes.groupBlocks ?? DEFAULT_GEOMETRY.groupBlocks);
    return device;
  } catch (thrown) {
    device.close();
    throw thrown;
  }
}

/** The volume fills it, whatever lies in it now. */
function openWhole(path: string): Pick<PlacedVolume, 'device' | 'startBytes'> {
  const device = openFileDevice(path, 'write');
  return { device, startBytes: device.startBytes };
}

/** A volume's groups are the medium's erase groups only where it begins with one (FORMAT.md §1). */
function checkAlignment(device: BlockDevice, startBytes: number, groupBlocks: number): void {
  const expected = groupBlocks * BLOCK_SIZE;
  if (isAligned(startBytes, groupBlocks)) return;
  throw new SdfsError(
    'SDFS_BAD_GEOMETRY',
    `Cannot make a volume in "${device.name}": it begins at byte ${startBytes}, expected a multiple of the erase group of ${expected} bytes`,
    {
      hint: `Begin the partition at byte ${Math.ceil(startBytes / expected) * expected}, or say --erase-group if the medium's is smaller.`,
      facts: { field: 'offset', actual: startBytes, expected },
    },
  );
}

function readWishes(options: Options, now: number): MkfsOptions {
  const { slots, label, uuid, sequence } = options;
  const group = options['erase-group'];
  const records = options['ring-records'];
  return {
    time: now,
    ...(slots === undefined ? {} : { slots }),
    ...(group === undefined ? {} : { groupBlocks: parseBytes(group) / BLOCK_SIZE }),
    ...(records === undefined ? {} : { ringRecords: records }),
    ...(label === undefined ? {} : { label }),
    ...(uuid === undefined ? {} : { uuid: uuid.toLowerCase() }),
    ...(sequence === undefined ? {} : { sequence: parseSequence(sequence) }),
  };
}

function parseSequence(text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new UsageError(
    `Cannot read "${text}" as a sequence`,
    'It is a number from 0 to 18446744073709551615.',
  );
}

async function askBefore(context: Context, device: BlockDevice, path: string, yes: boolean): Promise<void> {
  const contents = describeContents(device);
  if (contents === undefined || yes) return;
  const answer = context.confirm(plain(`"${path}" holds ${contents}. Destroy it?`));
  if (answer !== undefined && (await answer)) return;
  throw new SdfsError('VOLUME_EXISTS', `Cannot make a volume on "${path}": it holds ${contents}`, {
    hint: answer === undefined ? 'Give --yes to destroy that.' : 'Nothing was changed.',
  });
}
