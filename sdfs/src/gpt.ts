/**
 * Reads GPT partition tables (UEFI 2.10 §5.3) far enough to find partitions, by the same rules as the boot loader's
 * reader (FORMAT.md §12, `bootloader/core/src/gpt.rs`). Writes none.
 */
import type { BlockDevice } from './block-device.ts';
import { plainCrc } from './crc.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { BLOCK_SIZE, MAGIC, PARTITION_TYPE } from './format.ts';
import { fromUuid, toHex, toUuid } from './hex.ts';
import { decode, hex, struct, u32, u64 } from './struct.ts';
import { windowDevice } from './window-device.ts';

/** A partition in use. */
export interface GptPartition {
  /** Counted from 1, as Linux numbers them. */
  readonly number: number;
  /** Type and identity, lower-case. */
  readonly type: string;
  readonly uuid: string;
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Bytes of the sectors in which the table counts: 512 or 4096. */
  readonly sectorSize: number;
}

/** What a disk's partition table says. */
export interface PartitionTable {
  /** The table that was read: in sector 1, or, when that cannot be used, in the last one. */
  readonly table: 'primary' | 'backup';
  readonly partitions: readonly GptPartition[];
}

/** A volume's device, and the partition that it is, if it is one. */
export interface LocatedVolume {
  readonly device: BlockDevice;
  readonly partition: GptPartition | undefined;
}

const HEADER = struct(92, {
  signature: hex(0, 8),
  headerSize: u32(12),
  crc: u32(16),
  myLba: u64(24),
  entriesLba: u64(72),
  entryCount: u32(80),
  entrySize: u32(84),
  entriesCrc: u32(88),
});

const ENTRY = struct(128, {
  type: hex(0, 16),
  uuid: hex(16, 16),
  firstLba: u64(32),
  lastLba: u64(40),
  name: hex(56, 72),
});

const SIGNATURE = toHex(Uint8Array.from('EFI PART', (character) => character.charCodeAt(0)));
const SECTOR_SIZES = [512, 4096] as const;
const MAX_ENTRIES_BYTES = 2 ** 20;

/**
 * The partitions of a disk that lie on it whole; `undefined` when it has no valid partition table, neither in front nor
 * at the end. The table of the device's own sector size counts before one of the other: an image file may be of a disk of
 * either, and on a disk the other is a leftover.
 */
export function findPartitions(device: BlockDevice): PartitionTable | undefined {
  for (const sectorSize of new Set([device.sectorSize, ...SECTOR_SIZES])) {
    const sectorCount = Math.floor(device.sizeBytes / sectorSize);
    const places = { primary: 1, backup: sectorCount - 1 };
    for (const table of ['primary', 'backup'] as const) {
      const partitions = readTable(device, sectorSize, sectorCount, places[table]);
      if (partitions !== undefined) return { table, partitions };
    }
  }
  return undefined;
}

/**
 * Finds the volume on a device: the device itself when it begins like one or has no partition table, else the partition
 * of type SDFS, or the one numbered `number`. Throws `NO_SDFS_PARTITION`, `SEVERAL_SDFS_PARTITIONS`.
 */
export function locateVolume(device: BlockDevice, number?: number): LocatedVolume {
  const partitions =
    number === undefined && beginsLikeVolume(device) ? undefined : findPartitions(device)?.partitions;
  if (partitions === undefined) {
    if (number === undefined) return { device, partition: undefined };
    throw noPartition(device, `it has no partition table, expected partition ${number}`);
  }
  const [partition, ...others] = partitions.filter(
    (each) => each.type === PARTITION_TYPE && (number === undefined || each.number === number),
  );
  if (partition === undefined) {
    const found = partitions.map((each) => `${each.number} (${each.type})`).join(', ') || 'none';
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
  return { device: windowDevice(device, partition.offset, partition.sizeBytes, name), partition };
}

function noPartition(device: BlockDevice, fault: string): SdfsError {
  return new SdfsError('NO_SDFS_PARTITION', `Cannot find a volume in "${device.name}": ${fault}`, {
    hint: 'Is it the right disk? cocon image makes one with an SDFS partition; sdfs mkfs --partition formats one.',
  });
}

function beginsLikeVolume(device: BlockDevice): boolean {
  const start = new Uint8Array(8);
  return device.sizeBytes >= BLOCK_SIZE && tryRead(device, 0, start) && toHex(start) === MAGIC.superblock;
}

function readTable(
  device: BlockDevice,
  sectorSize: number,
  sectorCount: number,
  sector: number,
): readonly GptPartition[] | undefined {
  const block = new Uint8Array(sectorSize);
  if (sector < 1 || !tryRead(device, sector * sectorSize, block)) return undefined;
  const header = decode(HEADER, block);
  if (
    header.signature !== SIGNATURE ||
    header.headerSize < HEADER.sizeBytes ||
    header.headerSize > sectorSize ||
    header.myLba !== BigInt(sector)
  )
    return undefined;
  const checked = block.slice(0, header.headerSize);
  checked.fill(0, HEADER.fields.crc.offset, HEADER.fields.crc.offset + HEADER.fields.crc.size);
  const length = header.entryCount * header.entrySize;
  if (plainCrc(checked) !== header.crc || header.entrySize < ENTRY.sizeBytes || length > MAX_ENTRIES_BYTES)
    return undefined;
  if (Number(header.entriesLba) + Math.ceil(length / sectorSize) > sectorCount) return undefined;
  const entries = new Uint8Array(length);
  if (!tryRead(device, Number(header.entriesLba) * sectorSize, entries)) return undefined;
  if (plainCrc(entries) !== header.entriesCrc) return undefined;
  return Array.from({ length: header.entryCount }, (_, index) =>
    partitionOf(decode(ENTRY, entries, index * header.entrySize), index + 1, sectorSize, device.sizeBytes),
  ).filter((partition) => partition !== undefined);
}

function partitionOf(
  entry: {
    readonly type: string;
    readonly uuid: string;
    readonly firstLba: bigint;
    readonly lastLba: bigint;
    readonly name: string;
  },
  number: number,
  sectorSize: number,
  deviceBytes: number,
): GptPartition | undefined {
  const first = Number(entry.firstLba);
  const last = Number(entry.lastLba);
  // An unused entry, or one that reaches beyond its disk.
  if (/^0*$/.test(entry.type) || last < first || (last + 1) * sectorSize > deviceBytes) return undefined;
  return {
    number,
    type: guid(entry.type),
    uuid: guid(entry.uuid),
    name: utf16(entry.name),
    offset: first * sectorSize,
    sizeBytes: (last - first + 1) * sectorSize,
    sectorSize,
  };
}

/** GPT stores the first three groups of a GUID with their bytes reversed. */
function guid(digits: string): string {
  const bytes = fromUuid(digits);
  return toUuid(
    Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (index) => bytes[index] ?? 0),
  );
}

function utf16(digits: string): string {
  const units = (digits.match(/.{4}/g) ?? []).map((unit) =>
    Number.parseInt(`${unit.slice(2)}${unit.slice(0, 2)}`, 16),
  );
  const end = units.indexOf(0);
  return String.fromCharCode(...(end < 0 ? units : units.slice(0, end)));
}

function tryRead(device: BlockDevice, offset: number, into: Uint8Array): boolean {
  if (offset + into.length > device.sizeBytes) return false;
  try {
    device.read(offset, into);
    return true;
  } catch (thrown) {
    if (isSdfsError(thrown)) return false;
    throw thrown;
  }
}
