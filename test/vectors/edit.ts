/** Puts values into fields by name, and the CRC right again: what a prepared corruption is made with. */
import {
  DESCRIPTOR_HEADER,
  EXTENT_ENTRY,
  FAILURE_ENTRY,
  FILE_ENTRY,
  LIMITS,
  OUTPUT_ENTRY,
  RECORD_HEADER,
  SLOT_ENTRY,
  structureCrc,
  SUPERBLOCK,
  toHex,
} from '@cocon-os/sdfs';

import { bytesOf, type Piece } from './layout.ts';

/** A table of FORMAT.md. */
interface Table {
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly size: number }>>;
}

/** The tables by the name that cases use. */
const TABLES = {
  superblock: SUPERBLOCK,
  record: RECORD_HEADER,
  slot: SLOT_ENTRY,
  failure: FAILURE_ENTRY,
  output: OUTPUT_ENTRY,
  descriptor: DESCRIPTOR_HEADER,
  file: FILE_ENTRY,
  extent: EXTENT_ENTRY,
} satisfies Record<string, Table>;

/** A field's new value: little-endian number, or bytes as hexadecimal digits. */
export type Value = number | bigint | string;

/** The piece that sets a field of the structure that starts at `at`. */
export function set(table: keyof typeof TABLES, field: string, value: Value, at = 0): Piece {
  const row = (TABLES[table] as Table).fields[field];
  if (row === undefined) throw new RangeError(`No field ${field} in ${table}`);
  return {
    offset: at + row.offset,
    hex: typeof value === 'string' ? value : littleEndian(BigInt(value), row.size),
  };
}

/** Offset of a slot entry of a record. */
export const slotAt = (index: number): number => LIMITS.RECORD_HEADER_SIZE + index * LIMITS.SLOT_ENTRY_SIZE;
/** Offset of a failure entry of a record. */
export const failureAt = (index: number): number =>
  LIMITS.FAILURE_ENTRY_OFFSET + index * LIMITS.FAILURE_ENTRY_SIZE;
/** Offset of an output entry of a record. */
export const outputAt = (index: number): number =>
  LIMITS.OUTPUT_ENTRY_OFFSET + index * LIMITS.OUTPUT_ENTRY_SIZE;
/** Offset of a file entry of a descriptor. */
export const fileAt = (index: number): number =>
  LIMITS.DESCRIPTOR_HEADER_SIZE + index * LIMITS.FILE_ENTRY_SIZE;

/** The piece that makes the CRC of `bytes` right once `edits` are laid over them. */
export function crcOf(
  table: 'superblock' | 'record' | 'descriptor',
  bytes: Uint8Array,
  edits: readonly Piece[],
): Piece {
  const edited = bytes.slice();
  for (const piece of edits) edited.set(bytesOf(piece), piece.offset);
  return set(table, 'crc', structureCrc(edited, TABLES[table].fields.crc));
}

/** The bytes as pieces: each block without the zeros at its end, blocks of zeros left out. */
export function piecesOf(bytes: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let offset = 0; offset < bytes.length; offset += LIMITS.BLOCK_SIZE) {
    const block = bytes.subarray(offset, offset + LIMITS.BLOCK_SIZE);
    const end = block.findLastIndex((byte) => byte !== 0) + 1;
    if (end > 0) pieces.push({ offset, hex: toHex(block.subarray(0, end)) });
  }
  return pieces;
}

function littleEndian(value: bigint, size: number): string {
  return Array.from({ length: size }, (_, index) =>
    Number((value >> BigInt(8 * index)) & 0xffn)
      .toString(16)
      .padStart(2, '0'),
  ).join('');
}
