/** Finds the volume on a device: the device itself, or a partition of it. */
import { formatBytes } from '@cocon-os/cli';

import { beginsLikeVolume } from './begins-like-volume.ts';
import type { BlockDevice } from './block-device.ts';
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE, PARTITION_TYPE } from './format.ts';
import { readTables, type DiskTables } from './gpt/disk-tables.ts';
import type { GptPartition } from './gpt/table.ts';
import { identify, identifyWithoutTable, type ForeignFormat } from './identify.ts';
import { readSuperblockCopy } from './superblock.ts';
import { windowDevice } from './window-device.ts';

/** A volume's device, and the partition that it is, if it is one. */
export interface LocatedVolume {
  readonly device: BlockDevice;
  readonly partition: GptPartition | undefined;
  /** The partition tables of the disk that the volume is a partition of. */
  readonly tables: DiskTables | undefined;
}

/**
 * Finds the volume on a device: the device itself when it begins like one or has no partition table, else the partition
 * of type SDFS, or the one numbered `number`. Throws `NO_SDFS_PARTITION`, `SEVERAL_SDFS_PARTITIONS`, `SDFS_TRUNCATED_DEVICE` for a
 * partition that reaches beyond the disk, and `FOREIGN_FORMAT` for a known format of something else.
 */
export function locateVolume(device: BlockDevice, number?: number): LocatedVolume {
  const tables = number === undefined && beginsLikeVolume(device) ? undefined : readTables(device);
  if (tables === undefined) {
    if (!beginsLikeVolume(device)) assertNotForeign(device, identifyWithoutTable(device));
    if (number === undefined) return { device, partition: undefined, tables };
    throw noPartition(device, `it has no partition table, expected partition ${number}`);
  }
  const wanted = (each: GptPartition): boolean =>
    each.type === PARTITION_TYPE && (number === undefined || each.number === number);
  const [partition, ...others] = tables.partitions.filter(wanted);
  if (partition === undefined) {
    const cut = tables.cut.find(wanted);
    if (cut !== undefined) throw truncated(device, cut);
    // An ISO image may have a partition table, too.
    assertNotForeign(device, identify(device));
    const found = tables.partitions.map((each) => `${each.number} (${each.type})`).join(', ') || 'none';
    throw noPartition(
      device,
      `${number === undefined ? 'none of its partitions' : `partition ${number}`} has the type ${PARTITION_TYPE}; found ${found}`,
    );
  }
  if (others.length > 0) {
    const numbers = [partition, ...others].map((each) => each.number).join(', ');
    throw new SdfsError(
      'SEVERAL_SDFS_PARTITIONS',
      `Cannot choose the volume in "${device.name}": partitions ${numbers} are of type SDFS`,
      {
        hint: `Name one of them: --partition ${partition.number}.`,
        facts: { partitions: numbers },
      },
    );
  }
  const name = `${device.name} partition ${partition.number}`;
  return { device: windowDevice(device, partition.offset, partition.sizeBytes, name), partition, tables };
}

/** A volume that has lost copy A is one all the same, whatever it begins with now. */
function assertNotForeign(device: BlockDevice, format: ForeignFormat | undefined): void {
  if (format === undefined) return;
  if (device.sizeBytes >= 2 * BLOCK_SIZE && 'superblock' in readSuperblockCopy(device, 'B')) return;
  throw new SdfsError('FOREIGN_FORMAT', `Cannot find a volume in "${device.name}": it is ${format.name}`, {
    hint: format.hint,
  });
}

function truncated(device: BlockDevice, { number, offset, sizeBytes }: GptPartition): SdfsError {
  const beyond = offset + sizeBytes - device.sizeBytes;
  return new SdfsError(
    'SDFS_TRUNCATED_DEVICE',
    `Cannot open the volume in "${device.name}": partition ${number} ends ${formatBytes(beyond)} beyond the end of the disk`,
    {
      hint: 'The image was cut short, or the disk is too small for it: write the image again, whole, to a larger one.',
      facts: { expected: offset + sizeBytes, actual: device.sizeBytes },
    },
  );
}

function noPartition(device: BlockDevice, fault: string): SdfsError {
  return new SdfsError('NO_SDFS_PARTITION', `Cannot find a volume in "${device.name}": ${fault}`, {
    hint: 'Is it the right disk? cocon image makes one with an SDFS partition; sdfs mkfs --partition formats one.',
  });
}
