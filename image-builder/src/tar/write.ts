/**
 * A tar archive that depends on nothing but what is put in: no clock, no user names, no paths of this machine.
 *
 * Headers are encoded here and not by tar-stream, which replaces mode 0 by a default, keeps 18 bits of a number and
 * writes extended headers as UTF-8 only (POSIX.1-2024, pax, "ustar Interchange Format").
 */
import { encodePax } from './pax.ts';

/** The type flags that are written. */
const TYPE_FLAGS = {
  file: '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
  'pax-header': 'x',
} as const;

/** An entry. Strings are byte strings, one character per byte; what is left out is zero. */
export interface TarEntry {
  readonly name: string;
  readonly type: Exclude<keyof typeof TYPE_FLAGS, 'pax-header'>;
  readonly size: number;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: { readonly seconds: number; readonly nanoseconds: number };
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** Exactly `size` bytes. */
  readonly data?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const END_BLOCKS = 2;
const MAX_NAME = 100;
const MAX_SHORT_NUMBER = 0o7_777_777;
const MAX_LONG_NUMBER = 0o77_777_777_777;

/** The archive's bytes, as they are asked for. */
export async function* tarBytes(
  entries: Iterable<TarEntry> | AsyncIterable<TarEntry>,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield encodeHeaders(entry);
    let written = 0;
    for await (const piece of entry.data ?? []) {
      written += piece.length;
      yield piece;
    }
    if (written !== entry.size)
      throw new Error(`"${entry.name}" has ${written} bytes, its header says ${entry.size}`);
    if (entry.size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (entry.size % BLOCK));
  }
  yield Buffer.alloc(END_BLOCKS * BLOCK);
}

/** The header block of an entry, with an extended header in front of it where something does not fit. */
function encodeHeaders(entry: TarEntry): Buffer {
  const records: [string, Uint8Array][] = [];
  const { size, uid = 0, gid = 0, mtime = { seconds: 0, nanoseconds: 0 }, linkname = '', name } = entry;
  const fits = {
    name: isPlain(name),
    linkname: isPlain(linkname),
    size: size <= MAX_LONG_NUMBER,
    uid: uid <= MAX_SHORT_NUMBER,
    gid: gid <= MAX_SHORT_NUMBER,
    mtime: mtime.nanoseconds === 0 && mtime.seconds >= 0 && mtime.seconds <= MAX_LONG_NUMBER,
  };
  if (!fits.name) records.push(['path', Buffer.from(name, 'latin1')]);
  if (!fits.linkname) records.push(['linkpath', Buffer.from(linkname, 'latin1')]);
  if (!fits.size) records.push(['size', Buffer.from(String(size))]);
  if (!fits.uid) records.push(['uid', Buffer.from(String(uid))]);
  if (!fits.gid) records.push(['gid', Buffer.from(String(gid))]);
  // All nine digits: mkfs.erofs takes the fraction for a number of nanoseconds.
  if (!fits.mtime) {
    records.push(['mtime', Buffer.from(`${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, '0')}`)]);
  }
  for (const [key, value] of entry.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);

  const header = encodeHeader({
    ...entry,
    name: fits.name ? name : 'see-extended-header',
    linkname: fits.linkname ? linkname : 'see-extended-header',
    size: fits.size ? size : 0,
    uid: fits.uid ? uid : 0,
    gid: fits.gid ? gid : 0,
    mtimeSeconds: fits.mtime ? mtime.seconds : 0,
  });
  if (records.length === 0) return header;
  const body = encodePax(records);
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([
    encodeHeader({ name: 'extended-header', type: 'pax-header', size: body.length, mode: 0o644 }),
    body,
    padding,
    header,
  ]);
}

interface Fields {
  readonly name: string;
  readonly type: keyof typeof TYPE_FLAGS;
  readonly size: number;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtimeSeconds?: number;
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
}

function encodeHeader(fields: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(fields.name, 0, 'latin1');
  octal(fields.mode, 100, 7);
  octal(fields.uid ?? 0, 108, 7);
  octal(fields.gid ?? 0, 116, 7);
  octal(fields.size, 124, 11);
  octal(fields.mtimeSeconds ?? 0, 136, 11);
  block.fill(' ', 148, 156);
  block.write(TYPE_FLAGS[fields.type], 156, 'latin1');
  block.write(fields.linkname ?? '', 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(fields.major ?? 0, 329, 7);
  octal(fields.minor ?? 0, 337, 7);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block.writeUInt8(0, 154);
  return block;
}

/** Whether a name needs no extended header. */
function isPlain(text: string): boolean {
  return text.length <= MAX_NAME && /^[\u0020-\u007E]*$/.test(text);
}
