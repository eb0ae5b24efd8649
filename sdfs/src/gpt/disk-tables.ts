/**
 * Which of a disk's partition tables counts. `findPartitions` goes by the rules of firmware, loader and Linux (FORMAT.md
 * §12); `readTables` also reads what these do not, so that a tool can say what is wrong with a disk, and mend it.
 */
import type { BlockDevice } from '../block-device.ts';
import { beginsLikeVolume } from '../begins-like-volume.ts';
import { PARTITION_TYPE } from '../format.ts';
import { toHex } from '../hex.ts';
import { decode, struct, u16, u32, u8 } from '../struct.ts';
import { tryRead } from '../try-read.ts';
import { windowDevice } from '../window-device.ts';
import { GPT_SIGNATURE, partitionsOf, readTable, type GptPartition, type GptTable } from './table.ts';

/** What a disk's partition table says. */
export interface PartitionTable {
  /**
   * The table that was read: in sector 1, or, when that cannot be used, in the last one. `displaced` is a backup that is not in the
   * last sector, of a disk larger than its image: firmware does not find it, nor does Linux.
   */
  readonly table: 'primary' | 'backup' | 'displaced';
  /** Those that lie on the disk whole. */
  readonly partitions: readonly GptPartition[];
}

/** A disk's tables, as far as they hold, and what the one that counts says. */
export interface DiskTables extends PartitionTable {
  readonly counted: GptTable;
  readonly primary: GptTable | undefined;
  /** The one in the last sector. */
  readonly backup: GptTable | undefined;
  /** Sectors of the disk. */
  readonly sectors: number;
  /** Partitions that reach beyond the end of the disk. */
  readonly cut: readonly GptPartition[];
  /** Sectors that the table counts on and the disk does not have. Above 0, Linux takes no such table. */
  readonly missingSectors: number;
}

const SECTOR_SIZES = [512, 4096] as const;

/** The partition record of a protective MBR (UEFI 2.10 §5.2.3), and the signature at the sector's end. */
const MBR = struct(512, {
  osType: u8(450),
  startingLba: u32(454),
  sizeInLba: u32(458),
  signature: u16(510),
});
const GPT_PROTECTIVE = 0xee;
const MBR_SIGNATURE = 0xaa55;

/** Disk images of ours end at a multiple of this. */
const IMAGE_STEP = 4 * 2 ** 20;
/** How far such an end is looked for. */
const LARGEST_IMAGE = 64 * 2 ** 30;

/**
 * The partitions of a disk that lie on it whole; `undefined` when it has no partition table that firmware and Linux take,
 * neither in front nor at the end. The table of the device's own sector size counts before one of the other: an image file
 * may be of a disk of either, and on a disk the other is a leftover.
 */
export function findPartitions(device: BlockDevice): PartitionTable | undefined {
  const found = tablesInPlace(device);
  return found === undefined || found.missingSectors > 0 ? undefined : found;
}

/**
 * What can be read of a disk's tables; `undefined` when there is none. Goes on where {@link findPartitions} ends: with a table of
 * a larger disk than this one, and with a backup that lies where an image ended that was written to a larger disk, where the last
 * sector has none, or one without a volume.
 */
export function readTables(device: BlockDevice): DiskTables | undefined {
  const inPlace = tablesInPlace(device);
  if (inPlace !== undefined && !isLeftover(inPlace)) return inPlace;
  return displacedTable(device) ?? inPlace;
}

/** A backup in the last sector that an earlier life of the disk has left there, for all that can be told. */
function isLeftover({ table, partitions, cut }: DiskTables): boolean {
  return table === 'backup' && ![...partitions, ...cut].some(({ type }) => type === PARTITION_TYPE);
}

function tablesInPlace(device: BlockDevice): DiskTables | undefined {
  for (const sectorSize of new Set([device.sectorSize, ...SECTOR_SIZES])) {
    const sectors = Math.floor(device.sizeBytes / sectorSize);
    const tables = {
      primary: readTable(device, sectorSize, 1),
      backup: readTable(device, sectorSize, sectors - 1),
    };
    const names = (['primary', 'backup'] as const).filter((name) => tables[name] !== undefined);
    const table = names.find((name) => (tables[name]?.lastUsable ?? sectors) < sectors) ?? names[0];
    const counted = table && tables[table];
    if (counted !== undefined) return describe(table ?? 'primary', counted, tables, device);
  }
  return undefined;
}

/** Only one whose volume is there counts: an earlier image on the disk has left a backup, too. */
function displacedTable(device: BlockDevice): DiskTables | undefined {
  for (const { sectorSize, sector } of displacedPlaces(device)) {
    const counted = readTable(device, sectorSize, sector);
    if (counted?.alternate !== 1) continue;
    const found = describe('displaced', counted, { primary: undefined, backup: undefined }, device);
    const volumes = found.partitions.filter(({ type }) => type === PARTITION_TYPE);
    const hasVolume = volumes.some(({ offset, sizeBytes }) =>
      beginsLikeVolume(windowDevice(device, offset, sizeBytes, device.name)),
    );
    if (hasVolume) return found;
  }
  return undefined;
}

/** Sectors in which the backup may lie: where the protective MBR says that the disk ends, then where our images end. */
function* displacedPlaces(
  device: BlockDevice,
): Generator<{ readonly sectorSize: number; readonly sector: number }> {
  const mbr = new Uint8Array(MBR.sizeBytes);
  if (tryRead(device, 0, mbr)) {
    const { osType, startingLba, sizeInLba, signature } = decode(MBR, mbr);
    if (osType === GPT_PROTECTIVE && signature === MBR_SIGNATURE) {
      for (const sectorSize of SECTOR_SIZES) yield { sectorSize, sector: startingLba + sizeInLba - 1 };
    }
  }
  const largest = Math.max(...SECTOR_SIZES);
  const tail = new Uint8Array(largest);
  for (let end = IMAGE_STEP; end <= Math.min(device.sizeBytes, LARGEST_IMAGE); end += IMAGE_STEP) {
    if (!tryRead(device, end - largest, tail)) continue;
    for (const sectorSize of SECTOR_SIZES) {
      const at = largest - sectorSize;
      if (toHex(tail.subarray(at, at + 8)) === GPT_SIGNATURE) {
        yield { sectorSize, sector: end / sectorSize - 1 };
      }
    }
  }
}

function describe(
  table: PartitionTable['table'],
  counted: GptTable,
  tables: Pick<DiskTables, 'primary' | 'backup'>,
  device: BlockDevice,
): DiskTables {
  const all = partitionsOf(counted);
  const lies = ({ offset, sizeBytes }: GptPartition): boolean => offset + sizeBytes <= device.sizeBytes;
  const sectors = Math.floor(device.sizeBytes / counted.sectorSize);
  return {
    table,
    partitions: all.filter(lies),
    cut: all.filter((partition) => !lies(partition)),
    counted,
    ...tables,
    sectors,
    missingSectors: Math.max(0, counted.lastUsable - sectors + 1),
  };
}
