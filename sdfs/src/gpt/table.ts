/**
 * One GUID partition table (UEFI 2.10 §5.3): a header in a sector of its own, and the entries that it points at. Read by the
 * same tests as in the boot loader (FORMAT.md §12, `bootloader/core/src/gpt.rs`).
 */
import type { BlockDevice } from '../block-device.ts';
import { plainCrc, structureCrc } from '../crc.ts';
import { fromUuid, toHex, toUuid } from '../hex.ts';
import { decode, encode, hex, struct, u32, u64 } from '../struct.ts';
import { tryRead } from '../try-read.ts';

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

/** A table whose checksums hold. */
export interface GptTable {
  readonly sectorSize: number;
  /** Where the header lies, in sectors, as is all that follows. */
  readonly sector: number;
  /** Where it says that the other copy lies. */
  readonly alternate: number;
  readonly firstUsable: number;
  /** Last sector that a partition may have. May lie beyond the disk. */
  readonly lastUsable: number;
  readonly entriesSector: number;
  /** What the entries take. */
  readonly entriesSectors: number;
  /** The header's bytes, as many as it says that it has. */
  readonly header: Uint8Array;
  readonly entries: Uint8Array;
}

/** Where a copy of a table is to lie. In sectors. */
export interface TablePlace {
  readonly sector: number;
  readonly alternate: number;
  readonly entriesSector: number;
  readonly lastUsable: number;
}

const HEADER = struct(92, {
  signature: hex(0, 8),
  headerSize: u32(12),
  crc: u32(16),
  myLba: u64(24),
  alternateLba: u64(32),
  firstUsable: u64(40),
  lastUsable: u64(48),
  diskGuid: hex(56, 16),
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

/** What a header begins with. */
export const GPT_SIGNATURE = toHex(Uint8Array.from('EFI PART', (character) => character.charCodeAt(0)));
const MAX_ENTRIES_BYTES = 2 ** 20;

/** The table whose header lies in `sector`; `undefined` when there is none that holds. */
export function readTable(device: BlockDevice, sectorSize: number, sector: number): GptTable | undefined {
  const sectorCount = Math.floor(device.sizeBytes / sectorSize);
  const block = new Uint8Array(sectorSize);
  if (sector < 1 || !tryRead(device, sector * sectorSize, block)) return undefined;
  const fields = decode(HEADER, block);
  const { headerSize, entryCount, entrySize, firstUsable, lastUsable } = fields;
  if (
    fields.signature !== GPT_SIGNATURE ||
    headerSize < HEADER.sizeBytes ||
    headerSize > sectorSize ||
    fields.myLba !== BigInt(sector) ||
    lastUsable < firstUsable
  )
    return undefined;
  const header = block.slice(0, headerSize);
  const length = entryCount * entrySize;
  if (
    structureCrc(header, HEADER.fields.crc) !== fields.crc ||
    // UEFI allows larger ones; Linux takes no other.
    entrySize !== ENTRY.sizeBytes ||
    length > MAX_ENTRIES_BYTES
  )
    return undefined;
  const entriesSector = Number(fields.entriesLba);
  const entriesSectors = Math.ceil(length / sectorSize);
  if (entriesSector + entriesSectors > sectorCount) return undefined;
  const entries = new Uint8Array(length);
  if (!tryRead(device, entriesSector * sectorSize, entries)) return undefined;
  if (plainCrc(entries) !== fields.entriesCrc) return undefined;
  return {
    sectorSize,
    sector,
    alternate: Number(fields.alternateLba),
    firstUsable: Number(firstUsable),
    lastUsable: Number(lastUsable),
    entriesSector,
    entriesSectors,
    header,
    entries,
  };
}

/** The partitions of a table, those that reach beyond the disk as well. */
export function partitionsOf({ entries, sectorSize }: GptTable): readonly GptPartition[] {
  return Array.from({ length: entries.length / ENTRY.sizeBytes }, (_, index) =>
    partitionOf(decode(ENTRY, entries, index * ENTRY.sizeBytes), index + 1, sectorSize),
  ).filter((partition) => partition !== undefined);
}

/** Whether two copies are of the same disk and name the same partitions. */
export function saySame(one: GptTable, other: GptTable): boolean {
  return (
    decode(HEADER, one.header).diskGuid === decode(HEADER, other.header).diskGuid &&
    one.entries.length === other.entries.length &&
    one.entries.every((byte, index) => byte === other.entries[index])
  );
}

/** The sector with the header of a copy of `table` at `place`. Fields of a later version stay as they are. */
export function headerAt(table: GptTable, place: TablePlace): Uint8Array {
  const block = new Uint8Array(table.sectorSize);
  block.set(table.header);
  encode(
    HEADER,
    {
      myLba: BigInt(place.sector),
      alternateLba: BigInt(place.alternate),
      lastUsable: BigInt(place.lastUsable),
      entriesLba: BigInt(place.entriesSector),
    },
    block,
  );
  const crc = structureCrc(block.subarray(0, table.header.length), HEADER.fields.crc);
  encode(HEADER, { crc }, block);
  return block;
}

/** The entries, in whole sectors. */
export function entryBlocks({ entries, entriesSectors, sectorSize }: GptTable): Uint8Array {
  const blocks = new Uint8Array(entriesSectors * sectorSize);
  blocks.set(entries);
  return blocks;
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
): GptPartition | undefined {
  const first = Number(entry.firstLba);
  const last = Number(entry.lastLba);
  if (/^0*$/.test(entry.type) || last < first) return undefined;
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
