/** Tar archives byte by byte, also such as no writer of ours would make. */
import { encodePax } from '../../src/tar/pax.ts';

/** A header block. Text and raw fields are byte strings, one character per byte. */
export interface RawHeader {
  readonly name?: string;
  /** One character; a file if left out. */
  readonly flag?: string;
  /** A number is written as octal digits, text as it is. */
  readonly size?: number | string;
  readonly mode?: number | string;
  readonly uid?: number | string;
  readonly gid?: number | string;
  readonly mtime?: number | string;
  readonly linkname?: string;
  /** Eight bytes: magic and version. That of POSIX if left out. */
  readonly magic?: string;
  readonly devmajor?: number | string;
  readonly devminor?: number | string;
  readonly prefix?: string;
  /** The last four bytes. */
  readonly trailer?: string;
  /** The checksum's eight bytes, if not the right ones. */
  readonly checksum?: string;
}

/** Magic and version of the variants of the header. */
export const MAGIC = { ustar: 'ustar\u000000', gnu: 'ustar  \0', v7: '\0'.repeat(8) } as const;

const BLOCK = 512;
/** The end-of-archive mark. */
export const END: Buffer = Buffer.alloc(2 * BLOCK);

/** A header block with the right checksum, unless another is asked for. */
export function rawHeader(fields: RawHeader): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (value: number | string, at: number, length: number): void => {
    const text = typeof value === 'number' ? value.toString(8).padStart(length - 1, '0') : value;
    block.write(text.slice(0, length), at, 'latin1');
  };
  put(fields.name ?? '', 0, 100);
  put(fields.mode ?? 0o644, 100, 8);
  put(fields.uid ?? 0, 108, 8);
  put(fields.gid ?? 0, 116, 8);
  put(fields.size ?? 0, 124, 12);
  put(fields.mtime ?? 0, 136, 12);
  put(fields.flag ?? '0', 156, 1);
  put(fields.linkname ?? '', 157, 100);
  put(fields.magic ?? MAGIC.ustar, 257, 8);
  put(fields.devmajor ?? 0, 329, 8);
  put(fields.devminor ?? 0, 337, 8);
  put(fields.prefix ?? '', 345, 155);
  put(fields.trailer ?? '', 508, 4);
  block.write(' '.repeat(8), 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Bytes up to the next block. */
export function padded(bytes: Uint8Array | string): Buffer {
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  return Buffer.concat([data], Math.ceil(data.length / BLOCK) * BLOCK);
}

/** A file with its data. */
export function rawFile(name: string, data: string, fields: RawHeader = {}): Buffer {
  return Buffer.concat([rawHeader({ name, size: data.length, ...fields }), padded(data)]);
}

/** An extended header: PAX records of the next entry (`x`) or of all (`g`). */
export function rawPax(records: readonly (readonly [string, string])[], flag = 'x'): Buffer {
  return rawBody(encodePax(records.map(([key, value]) => [key, Buffer.from(value, 'latin1')])), flag);
}

/** Any extended header with its body. `L` and `K` are GNU's long names and link targets. */
export function rawBody(body: Uint8Array | string, flag: string): Buffer {
  const data = Buffer.from(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
  return Buffer.concat([rawHeader({ name: '././@LongLink', flag, size: data.length }), padded(data)]);
}

/** A number of base 256 in a field of `length` bytes. */
export function base256(value: number, length: number): string {
  const bytes = Buffer.alloc(length, value < 0 ? 0xff : 0);
  let rest = BigInt(value);
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes.toString('latin1');
}
