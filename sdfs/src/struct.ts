/**
 * Structures as tables: a field is an offset, a size and a type, and decoding and encoding follow from the table.
 *
 * The tables live in `format.ts` and read like those of FORMAT.md. Integers are little-endian (FORMAT.md §1): `u8` to
 * `u32` are numbers, `u64` is a bigint because a sequence uses all 64 bits.
 */
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { fromHex, fromUuid, toHex, toUuid } from './hex.ts';

/** The types that FORMAT.md's tables name. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'bytes' | 'uuid';

/** One row of a table, and how its bytes become a value. */
export interface Field<Value> {
  readonly offset: number;
  readonly size: number;
  readonly type: FieldType;
  readonly get: (view: DataView, at: number) => Value;
  readonly set: (view: DataView, at: number, value: Value) => void;
}

/** A row whose value type does not matter. */
export interface AnyField extends Omit<Field<never>, 'get'> {
  readonly get: (view: DataView, at: number) => unknown;
}

/** A table of fields by name. */
export type Fields = Readonly<Record<string, AnyField>>;

/** A structure: its size in bytes and its table. */
export interface Struct<Table> {
  readonly sizeBytes: number;
  readonly fields: Table;
}

type ValueOf<Row> = Row extends { readonly get: (view: DataView, at: number) => infer Value } ? Value : never;

/** The decoded form of a table: one property for each field. */
export type Decoded<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** Names a table. Reserved fields have no row: whoever rewrites a structure keeps their bytes (FORMAT.md §1). */
export function struct<const Table extends Fields>(sizeBytes: number, fields: Table): Struct<Table> {
  return { sizeBytes, fields };
}

/** Reads the structure that starts at `at`; the caller has made sure that `bytes` holds it whole. */
export function decode<Table extends Fields>(
  layout: Struct<Table>,
  bytes: Uint8Array,
  at = 0,
): Decoded<Table> {
  const view = viewOf(bytes);
  const values: Record<string, unknown> = {};
  for (const name in layout.fields) {
    const field = layout.fields[name];
    if (field !== undefined) values[name] = field.get(view, at + field.offset);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the rows of this very table
  return values as Decoded<Table>;
}

/** Writes the given fields of the structure that starts at `at`; every other byte stays as it is. */
export function encode<Table extends Fields>(
  layout: Struct<Table>,
  values: Partial<Decoded<Table>>,
  into: Uint8Array,
  at = 0,
): void {
  const view = viewOf(into);
  for (const [name, field] of Object.entries(layout.fields)) {
    const value = values[name];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value is the row's own, whichever row that is
    if (value !== undefined) field.set(view, at + field.offset, value as never);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesAt(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}

/** An unsigned byte. */
export const u8 = (offset: number): Field<number> => ({
  offset,
  size: 1,
  type: 'u8',
  get: (view, at) => view.getUint8(at),
  set: (view, at, value) => view.setUint8(at, value),
});

/** An unsigned 16-bit integer. */
export const u16 = (offset: number): Field<number> => ({
  offset,
  size: 2,
  type: 'u16',
  get: (view, at) => view.getUint16(at, true),
  set: (view, at, value) => view.setUint16(at, value, true),
});

/** An unsigned 32-bit integer. */
export const u32 = (offset: number): Field<number> => ({
  offset,
  size: 4,
  type: 'u32',
  get: (view, at) => view.getUint32(at, true),
  set: (view, at, value) => view.setUint32(at, value, true),
});

/** An unsigned 64-bit integer. */
export const u64 = (offset: number): Field<bigint> => ({
  offset,
  size: 8,
  type: 'u64',
  get: (view, at) => view.getBigUint64(at, true),
  set: (view, at, value) => view.setBigUint64(at, value, true),
});

/** A UUID, as lower-case text. */
export const uuid = (offset: number): Field<string> => ({
  offset,
  size: 16,
  type: 'uuid',
  get: (view, at) => toUuid(bytesAt(view, at, 16)),
  set: (view, at, value) => bytesAt(view, at, 16).set(fromUuid(value)),
});

/** A magic number or a digest, as lower-case hexadecimal text. */
export const hex = (offset: number, size: number): Field<string> => ({
  offset,
  size,
  type: 'bytes',
  get: (view, at) => toHex(bytesAt(view, at, size)),
  set: (view, at, value) => bytesAt(view, at, size).set(fromHex(value)),
});

/** UTF-8, zero-padded; what does not fit is cut at a character boundary. */
export const text = (offset: number, size: number): Field<string> => ({
  offset,
  size,
  type: 'bytes',
  get: (view, at) => decodeUtf8(bytesAt(view, at, size)),
  set: (view, at, value) => bytesAt(view, at, size).set(encodeUtf8(value, size)),
});
