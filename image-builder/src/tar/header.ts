/**
 * A header block, field by field (POSIX.1-2024, pax, "ustar Interchange Format"), with the variants that occur in images:
 * GNU's, star's, and that of Unix V7. Where the variants leave something open, Go's archive/tar is followed, because
 * builders, registries' clients and container engines read layers with it (../../DESIGN.md, "What a layer's tar says").
 */
import { latin1 } from './pax.ts';

/** Bytes of a header, and what data are padded to. */
export const BLOCK = 512;

/** The fields of a header block. Text is a byte string, one character per byte. */
export interface HeaderBlock {
  /** One character: "0" for a file, "5" for a directory, … */
  readonly flag: string;
  readonly name: string;
  readonly linkname: string;
  /** Bytes, as the header has it; what it means depends on the flag. */
  readonly size: number;
  /** Permissions with setuid, setgid and sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly devmajor: number;
  readonly devminor: number;
}

/** First byte and length of each field. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  linkname: [157, 100],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
  starPrefix: [345, 131],
  gnuAccessTime: [345, 12],
  gnuChangeTime: [357, 12],
} as const;

type Field = keyof typeof FIELDS;

const FLAG_AT = 156;
const MAGIC_AT = 257;
const STAR_TRAILER_AT = 508;
const PERMISSIONS = 0o7777;
const SPACE = 0x20;

/** A field that cannot be read. */
export class FieldError extends Error {}

/**
 * Reads a header block. `undefined` when it is none, because its checksum is not that of its bytes.
 * Throws {@link FieldError} for a number that is none.
 */
export function readHeaderBlock(block: Uint8Array): HeaderBlock | undefined {
  if (!hasItsChecksum(block)) return undefined;
  const variant = variantOf(block);
  const name = text(block, 'name');
  const prefix = prefixOf(block, variant);
  const hasDevices = variant !== 'v7';
  return {
    flag: latin1(block.subarray(FLAG_AT, FLAG_AT + 1)),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkname: text(block, 'linkname'),
    size: numeric(block, 'size'),
    mode: permissions(block),
    uid: numeric(block, 'uid'),
    gid: numeric(block, 'gid'),
    mtime: numeric(block, 'mtime'),
    devmajor: hasDevices ? numeric(block, 'devmajor') : 0,
    devminor: hasDevices ? numeric(block, 'devminor') : 0,
  };
}

type Variant = 'v7' | 'ustar' | 'gnu' | 'star';

function variantOf(block: Uint8Array): Variant {
  const magic = latin1(block.subarray(MAGIC_AT, MAGIC_AT + 8));
  if (magic === 'ustar  \0') return 'gnu';
  if (!magic.startsWith('ustar\0')) return 'v7';
  return latin1(block.subarray(STAR_TRAILER_AT)) === 'tar\0' ? 'star' : 'ustar';
}

/** The directories in front of a name. Only ustar and star have a place for them. */
function prefixOf(block: Uint8Array, variant: Variant): string {
  if (variant === 'ustar') return text(block, 'prefix');
  if (variant === 'star') return text(block, 'starPrefix');
  return variant === 'gnu' && !hasTimes(block) && /^[\0-\x7F]*$/.test(text(block, 'prefix'))
    ? text(block, 'prefix')
    : '';
}

/** GNU has two times where ustar has the prefix. Go before 1.8 wrote a prefix there (golang.org/issue/12594). */
function hasTimes(block: Uint8Array): boolean {
  try {
    for (const field of ['gnuAccessTime', 'gnuChangeTime'] as const) {
      if (bytesOf(block, field)[0] !== 0) numeric(block, field);
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof FieldError) return false;
    throw thrown;
  }
}

/** The sum over the block with spaces for the checksum itself; some writers took bytes for signed ones. */
export function hasItsChecksum(block: Uint8Array): boolean {
  const [at, length] = FIELDS.checksum;
  const written = octal(bytesOf(block, 'checksum'));
  let unsigned = 0;
  let signed = 0;
  for (const [index, byte] of block.entries()) {
    const value = index >= at && index < at + length ? SPACE : byte;
    unsigned += value;
    signed += value < 0x80 ? value : value - 0x100;
  }
  return written === unsigned || written === signed;
}

function bytesOf(block: Uint8Array, field: Field): Uint8Array {
  const [at, length] = FIELDS[field];
  return block.subarray(at, at + length);
}

function text(block: Uint8Array, field: Field): string {
  return untilZero(latin1(bytesOf(block, field)));
}

/** A byte string up to its first zero byte. */
export function untilZero(value: string): string {
  const end = value.indexOf('\0');
  return end < 0 ? value : value.slice(0, end);
}

/** In a number of base 256, whose sign may be set, the last bits are the same however long it is. */
function permissions(block: Uint8Array): number {
  const bytes = bytesOf(block, 'mode');
  if (!isBase256(bytes)) return numeric(block, 'mode') & PERMISSIONS;
  return (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & PERMISSIONS;
}

function numeric(block: Uint8Array, field: Field): number {
  const bytes = bytesOf(block, field);
  if (isBase256(bytes)) {
    const value = base256(bytes);
    if (!Number.isSafeInteger(value)) throw new FieldError(`its field "${field}" has more than 53 bits`);
    return value;
  }
  const value = octal(bytes);
  if (value === undefined) throw new FieldError(`its field "${field}" is no octal number`);
  return value;
}

function isBase256(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= 0x80;
}

/** Octal digits between spaces and zero bytes; nothing counts as 0. `undefined` for anything else. */
function octal(bytes: Uint8Array): number | undefined {
  const digits = untilZero(latin1(bytes).replaceAll(/^[ \0]+|[ \0]+$/g, ''));
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** Two's complement, most significant byte first, without the first bit. Exact up to 53 bits. */
function base256(bytes: Uint8Array): number {
  const negative = (bytes[0] ?? 0) >= 0xc0;
  let value = negative ? -1n : 0n;
  for (const [index, byte] of bytes.entries()) {
    const digit = index === 0 ? (negative ? byte | 0x80 : byte & 0x7f) : byte;
    value = (value << 8n) | BigInt(digit);
  }
  return Number(value);
}
