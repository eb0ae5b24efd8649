/** Where the partitions of a disk image lie. Everything starts on an erase group, so that no two share one. */
import { PARTITION_TYPE } from '@cocon-os/sdfs';

import { BuilderError } from '../errors.ts';

/** A partition to be made. */
export interface PlannedPartition {
  readonly role: 'esp' | 'volume' | 'data';
  /** GPT partition type. */
  readonly type: string;
  /** GPT partition name. */
  readonly name: string;
  /** First byte on the disk. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A whole disk. */
export interface DiskLayout {
  readonly sizeBytes: number;
  readonly partitions: readonly PlannedPartition[];
}

/** What the partitions should be, in bytes. */
export interface DiskSizes {
  readonly espBytes: number;
  readonly volumeBytes: number;
  /** 0: no data partition. */
  readonly dataBytes: number;
  /** Erase group of the medium. */
  readonly alignment: number;
}

/** GPT partition type of an EFI system partition (UEFI 2.10 §5.3.3). */
export const ESP_PARTITION_TYPE = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
/** "Linux filesystem data" (Discoverable Partitions Specification). */
export const DATA_PARTITION_TYPE = '0fc63daf-8483-4772-8e79-3d69d8477de4';

/** Alignment that suits any medium, whatever the group of the volume. */
const MIN_ALIGNMENT = 4 * 2 ** 20;
/** mkfs.vfat makes no smaller file system of 16-bit entries. */
const MIN_ESP = 8 * 2 ** 20;
const MIN_DATA = 8 * 2 ** 20;

/** Lays the disk out. Throws `DISK_TOO_SMALL` for a partition that is too small for its file system. */
export function planDisk({ espBytes, volumeBytes, dataBytes, alignment }: DiskSizes): DiskLayout {
  if (espBytes < MIN_ESP) throw tooSmall('image.espBytes', espBytes, MIN_ESP);
  if (dataBytes !== 0 && dataBytes < MIN_DATA) throw tooSmall('image.data.sizeBytes', dataBytes, MIN_DATA);
  const step = Math.max(alignment, MIN_ALIGNMENT);
  const wanted = [
    { role: 'esp', type: ESP_PARTITION_TYPE, name: 'esp', sizeBytes: espBytes },
    { role: 'volume', type: PARTITION_TYPE, name: 'cocon-system', sizeBytes: volumeBytes },
    { role: 'data', type: DATA_PARTITION_TYPE, name: 'cocon-data', sizeBytes: dataBytes },
  ] as const;
  // The first step is left to the partition table, the last one to its backup.
  let offset = step;
  const partitions: PlannedPartition[] = [];
  for (const partition of wanted) {
    if (partition.sizeBytes === 0) continue;
    const sizeBytes = alignUp(partition.sizeBytes, step);
    partitions.push({ ...partition, offset, sizeBytes });
    offset += sizeBytes;
  }
  return { sizeBytes: offset + step, partitions };
}

/** The next multiple of `step`. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function tooSmall(key: string, found: number, wanted: number): BuilderError {
  return new BuilderError(
    'DISK_TOO_SMALL',
    `Cannot lay out the disk: ${key} is ${found} bytes, wanted at least ${wanted}`,
    {
      hint: `Raise ${key} in cocon.config.ts.`,
      facts: { found, wanted },
    },
  );
}
