/**
 * Goes through a tar stream and reports each entry with the place of its data; the data itself is passed over. What an
 * archive means where the standard leaves it open is said in ../../DESIGN.md, "What a layer's tar says".
 */
import { BLOCK, FieldError, readHeaderBlock, untilZero, type HeaderBlock } from './header.ts';
import { latin1, parsePax, type PaxRecords } from './pax.ts';

/** What an entry is. `sparse` is a file whose data are not its contents, `unknown` a flag that means nothing here. */
export type EntryType =
  | 'file'
  | 'link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo'
  | 'sparse'
  | 'unknown';

/** An entry, with what extended headers say of it. Names are byte strings: a name in a tar need not be UTF-8. */
export interface ScannedEntry {
  readonly name: string;
  readonly type: EntryType;
  readonly linkname: string;
  /** Bytes of data that follow; none for links, directories, devices and pipes, whatever their headers say. */
  readonly size: number;
  /** Permissions with setuid, setgid and sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Since 1970; nanoseconds 0 … 999,999,999. */
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  readonly devmajor: number;
  readonly devminor: number;
  /** Extended attributes: full names to raw values. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** First byte of the data, from the start of the stream. */
  readonly byteOffset: number;
}

/** What a tar stream breaks. */
export class TarError extends Error {
  readonly kind: 'header' | 'truncated';

  constructor(kind: 'header' | 'truncated', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How an archive that ends too early is described. */
export const MISSING_END = 'it ends in the middle of a file or before the end-of-archive mark';

/** How one is described that ends behind an extended header. */
const MISSING_ENTRY = 'it ends between an extended header and the entry that it is about';

/** Longer names and attributes are an attack (Go's archive/tar and libarchive have the same limit). */
const MAX_BODY = 2 ** 20;
const XATTR_PREFIX = 'SCHILY.xattr.';
const SPARSE_PREFIX = 'GNU.sparse.';

/** A file's flag is a digit or, in the oldest archives, a zero byte. */
const TYPES: ReadonlyMap<string, EntryType> = new Map([
  ['\0', 'file'],
  ['0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['7', 'file'],
  ['S', 'sparse'],
]);
/** Those that data may follow. For the others a size is what some writers copy from the file linked to. */
const WITH_DATA: readonly EntryType[] = ['file', 'sparse', 'unknown'];
/** Headers whose body says something of the next entry, or of all that follow. */
const EXTENDED = ['x', 'g', 'L', 'K'] as const;
type Extended = (typeof EXTENDED)[number];

/**
 * Reads `pieces` to their end and calls `visit` for each entry, when all bytes before its data have been read. Returns the
 * number of entries. What stands behind the end-of-archive mark does not count. With `requireEnd` that mark must be there;
 * layers of some writers lack it, and the last file's padding.
 * Throws {@link TarError}, and whatever `pieces` or `visit` throw.
 */
export async function scanTar(
  pieces: AsyncIterable<Uint8Array>,
  visit: (entry: ScannedEntry) => void,
  { requireEnd = false } = {},
): Promise<number> {
  const scanner = new Scanner(visit);
  for await (const piece of pieces) scanner.push(piece);
  scanner.finish(requireEnd);
  return scanner.entries;
}

/** Takes a stream in pieces of any length. */
class Scanner {
  /** Entries so far. */
  entries = 0;
  readonly #visit: (entry: ScannedEntry) => void;
  /** Bytes of the stream that were looked at. */
  #position = 0;
  /** Bytes of data, then of padding, that come before the next header. */
  #data = 0;
  #padding = 0;
  /** What is being read at once: a header block, or the body of an extended header. */
  #buffer: Buffer = Buffer.alloc(BLOCK);
  #filled = 0;
  #extended: Extended | undefined;
  /** Blocks of zeros one behind the other; two end the archive. */
  #zeroBlocks = 0;
  #records: PaxRecords = new Map();
  #longName = '';
  #longLink = '';
  /** Whether an extended header waits for its entry. */
  #announced = false;

  constructor(visit: (entry: ScannedEntry) => void) {
    this.#visit = visit;
  }

  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length && this.#zeroBlocks < 2;) {
      const taken = this.#pass(piece.length - at) || this.#fill(piece.subarray(at));
      at += taken;
      this.#position += taken;
      if (this.#filled === this.#buffer.length && this.#data + this.#padding === 0) this.#read();
    }
  }

  finish(requireEnd: boolean): void {
    if (this.#zeroBlocks === 2) return;
    const cut = this.#data > 0 || this.#filled > 0 || this.#extended !== undefined;
    if (cut || (requireEnd && this.entries > 0)) throw new TarError('truncated', MISSING_END);
    if (this.#announced) throw new TarError('truncated', MISSING_ENTRY);
  }

  /** Passes over data and padding: at most `available` bytes of them. */
  #pass(available: number): number {
    const data = Math.min(this.#data, available);
    const padding = Math.min(this.#padding, available - data);
    this.#data -= data;
    this.#padding -= padding;
    return data + padding;
  }

  #fill(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#buffer.length - this.#filled);
    this.#buffer.set(taken, this.#filled);
    this.#filled += taken.length;
    return taken.length;
  }

  /** Reads what has been filled, and begins with what comes behind it. */
  #read(): void {
    const bytes = this.#buffer;
    const extended = this.#extended;
    this.#filled = 0;
    this.#extended = undefined;
    if (extended === undefined) {
      this.#readBlock(bytes);
    } else {
      this.#buffer = Buffer.alloc(BLOCK);
      this.#padding = paddingOf(bytes.length);
      this.#readBody(extended, bytes);
    }
  }

  #readBlock(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw this.#damaged('a block of zeros stands in front of it');
    const header = this.#headerOf(block);
    const extended = EXTENDED.find((flag) => flag === header.flag);
    if (extended === undefined) {
      this.#readEntry(header);
      return;
    }
    if (header.size < 0 || header.size > MAX_BODY) {
      throw this.#damaged(`an extended header of ${header.size} bytes, at most ${MAX_BODY} are allowed`);
    }
    this.#announced ||= extended !== 'g';
    this.#extended = extended;
    this.#buffer = Buffer.alloc(header.size);
    // A body without bytes is read already.
    if (header.size === 0) this.#read();
  }

  #headerOf(block: Buffer): HeaderBlock {
    try {
      const header = readHeaderBlock(block);
      if (header !== undefined) return header;
    } catch (thrown) {
      if (thrown instanceof FieldError) throw this.#damaged(thrown.message);
      throw thrown;
    }
    if (this.entries === 0 && !this.#announced)
      throw new TarError('header', 'its first block is no tar header');
    throw this.#damaged('its checksum is wrong');
  }

  /** Of two extended headers of a kind in front of an entry, the second counts. Global ones say nothing of files. */
  #readBody(extended: Extended, body: Buffer): void {
    if (extended === 'L') this.#longName = untilZero(latin1(body));
    if (extended === 'K') this.#longLink = untilZero(latin1(body));
    if (extended === 'L' || extended === 'K') return;
    const records = parsePax(body);
    if (records === undefined) throw this.#damaged('its PAX records are no list of records');
    if (extended === 'x') this.#records = records;
  }

  #readEntry(header: HeaderBlock): void {
    const records = this.#records;
    // GNU's own long names come before those of PAX, where an archive has both.
    const name = this.#longName || textRecord(records, 'path') || header.name;
    const linkname = this.#longLink || textRecord(records, 'linkpath') || header.linkname;
    this.#records = new Map();
    this.#longName = '';
    this.#longLink = '';
    this.#announced = false;
    const type = typeOf(header.flag, name, records);
    const said = this.#numberRecord(records, 'size') ?? header.size;
    const size = WITH_DATA.includes(type) ? said : 0;
    // A header's own size counts where its flag lets data follow, also if a record or a slash says otherwise.
    if (size < 0 || (header.size < 0 && WITH_DATA.includes(TYPES.get(header.flag) ?? 'unknown')))
      throw this.#damaged('its size is below zero');
    const entry: ScannedEntry = {
      name,
      type,
      linkname,
      size,
      mode: header.mode,
      uid: this.#numberRecord(records, 'uid') ?? header.uid,
      gid: this.#numberRecord(records, 'gid') ?? header.gid,
      mtime: this.#timeRecord(records) ?? { seconds: header.mtime, nanoseconds: 0 },
      devmajor: header.devmajor,
      devminor: header.devminor,
      xattrs: extendedAttributes(records),
      byteOffset: this.#position,
    };
    this.#data = size;
    this.#padding = paddingOf(size);
    this.entries += 1;
    this.#visit(entry);
  }

  #numberRecord(records: PaxRecords, key: 'size' | 'uid' | 'gid'): number | undefined {
    const value = textRecord(records, key);
    if (value === '') return undefined;
    const number = /^[+-]?\d{1,19}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number)) throw this.#damaged(`its PAX record "${key}" is no number`);
    return number;
  }

  #timeRecord(records: PaxRecords): ScannedEntry['mtime'] | undefined {
    const value = textRecord(records, 'mtime');
    if (value === '') return undefined;
    const match = /^([+-]?\d{1,15})(?:\.(\d*))?$/.exec(value);
    if (match === null) throw this.#damaged('its PAX record "mtime" is no time');
    const seconds = Number(match[1]);
    const nanoseconds = Number((match[2] ?? '').padEnd(9, '0').slice(0, 9));
    // A fraction before 1970 counts downwards; time stamps on disks count upwards from the second below.
    return value.startsWith('-') && nanoseconds > 0
      ? { seconds: seconds - 1, nanoseconds: 1e9 - nanoseconds }
      : { seconds, nanoseconds };
  }

  #damaged(why: string): TarError {
    const which = this.entries === 0 ? 'its first header' : `the header behind entry ${this.entries}`;
    return new TarError('header', `${which} is damaged: ${why}`);
  }
}

/** Archives from before there was a flag for directories end their names with a slash. */
function typeOf(flag: string, name: string, records: PaxRecords): EntryType {
  if ([...records.keys()].some((key) => key.startsWith(SPARSE_PREFIX))) return 'sparse';
  if (flag === '\0' && name.endsWith('/')) return 'directory';
  return TYPES.get(flag) ?? 'unknown';
}

/** A record as text; without a value it stands for what the header itself says. */
function textRecord(records: PaxRecords, key: string): string {
  const value = records.get(key);
  return value === undefined ? '' : latin1(value);
}

function extendedAttributes(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (key.startsWith(XATTR_PREFIX)) found.set(key.slice(XATTR_PREFIX.length), value);
  }
  return found;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
