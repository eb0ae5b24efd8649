/**
 * The records of PAX extended headers, byte for byte (POSIX.1-2024, pax, "pax Extended Header"): file capabilities and odd
 * names are not made of characters.
 */

/** Key to raw value. Keys are byte strings, one character per byte. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const EQUALS = 0x3d;
const SPACE = 0x20;
const NEWLINE = 0x0a;
/** No record is shorter: `5 k=\n`. */
const MIN_RECORD = 5;
/** Records that are names; every other value may have a zero byte in it. */
const NAMES: readonly string[] = ['path', 'linkpath', 'uname', 'gname'];

/** The records of an extended header's body; of equal keys the last counts. `undefined` when it is no list of records. */
export function parsePax(bytes: Uint8Array): PaxRecords | undefined {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 ? '' : latin1(bytes.subarray(at, space));
    const length = /^0*\d{1,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = bytes.indexOf(EQUALS, space);
    if (length < MIN_RECORD || end > bytes.length || equals < 0 || equals >= end) return undefined;
    if (bytes[end - 1] !== NEWLINE) return undefined;
    const key = latin1(bytes.subarray(space + 1, equals));
    // A copy: the bytes may lie in a buffer that is used again.
    const value = Uint8Array.from(bytes.subarray(equals + 1, end - 1));
    if (key === '' || key.includes('\0') || (NAMES.includes(key) && value.includes(0))) return undefined;
    records.set(key, value);
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
