/** The records of a pax extended header (POSIX.1-2024 pax, "pax Extended Header"): `length keyword=value\n`. */
import { decodeText } from '../text.ts';
import { badTar } from './tar-header.ts';

/** What a pax header says of the next entry. */
export interface PaxOverride {
  name?: string;
  size?: number;
}

/** Reads `path` and `size`; other keywords are passed over, except sparse files, whose contents would be taken wrongly. */
export function readPax(bytes: Uint8Array, at: number): PaxOverride {
  const override: PaxOverride = {};
  for (let rest = bytes; rest.length > 0;) {
    const space = rest.indexOf(0x20);
    const digits = space < 1 || space > 6 ? '' : (decodeText(rest.subarray(0, space)) ?? '');
    const length = /^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0;
    // The shortest record is a length, a space, one letter, "=" and a line feed.
    if (length < space + 4 || length > rest.length || rest[length - 1] !== 0x0a) {
      throw badTar(`the pax header at byte ${at} has a record of a wrong length`, at);
    }
    const record = decodeText(rest.subarray(space + 1, length - 1));
    const equals = record?.indexOf('=') ?? -1;
    if (record === undefined || equals < 1)
      throw badTar(`the pax header at byte ${at} has a record without "="`, at);
    apply(override, record.slice(0, equals), record.slice(equals + 1), at);
    rest = rest.subarray(length);
  }
  return override;
}

function apply(override: PaxOverride, keyword: string, value: string, at: number): void {
  if (keyword === 'path') override.name = value;
  if (keyword.startsWith('GNU.sparse.')) throw badTar(`the entry at byte ${at} is a sparse file`, at);
  if (keyword !== 'size') return;
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw badTar(`the pax header at byte ${at} has the size "${value}"`, at);
  override.size = size;
}
