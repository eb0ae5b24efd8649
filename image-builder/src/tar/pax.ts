/**
 * The records of PAX extended headers, byte for byte.
 *
 * tar-stream decodes them as UTF-8, which loses what file capabilities and odd names are made of; so the raw header
 * blocks in front of an entry are read again here (POSIX.1-2024, pax, "pax Extended Header").
 */

/** Key to raw value. Keys are byte strings, one character per byte. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const BLOCK = 512;
const EQUALS = 0x3d;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/** What stands between two entries: their PAX records, and whether the archive had ended before the second. */
export interface EntryPrefix {
  readonly records: PaxRecords;
  readonly ended: boolean;
}

/**
 * Reads the header blocks in front of an entry's own header. A malformed record list gives `undefined`, like a length
 * that does not fit.
 */
export function readEntryPrefix(bytes: Uint8Array): EntryPrefix | undefined {
  let records = new Map<string, Uint8Array>();
  let zeroBlocks = 0;
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    at += BLOCK;
    if (header.every((byte) => byte === 0)) {
      zeroBlocks += 1;
      if (zeroBlocks === 2) return { records, ended: true };
      continue;
    }
    zeroBlocks = 0;
    const size = Number.parseInt(
      Buffer.from(header.subarray(124, 136)).toString('latin1').replaceAll('\0', ' '),
      8,
    );
    if (!Number.isSafeInteger(size) || at + size > bytes.length) return undefined;
    if (header[156] === 'x'.charCodeAt(0)) {
      const parsed = parsePax(bytes.subarray(at, at + size));
      if (parsed === undefined) return undefined;
      records = parsed;
    }
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return { records, ended: false };
}

function parsePax(bytes: Uint8Array): Map<string, Uint8Array> | undefined {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 ? '' : latin1(bytes.subarray(at, space));
    const end = at + Number(digits);
    const equals = bytes.indexOf(EQUALS, space);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > bytes.length || equals < 0 || equals >= end) return undefined;
    if (bytes[end - 1] !== NEWLINE) return undefined;
    records.set(latin1(bytes.subarray(space + 1, equals)), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The body of an extended header with these records, in their order. Keys are byte strings. */
export function encodePax(records: Iterable<readonly [string, Uint8Array]>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
    // The length counts its own digits, which may be one more because of them.
    let length = rest.length + String(rest.length).length;
    length = rest.length + String(length).length;
    parts.push(Buffer.from(String(length)), rest);
  }
  return Buffer.concat(parts);
}

/** Bytes as a string of one character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A byte string as people read it. */
export function readable(byteString: string): string {
  return Buffer.from(byteString, 'latin1').toString('utf8');
}
