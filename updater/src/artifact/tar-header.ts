/**
 * One 512-byte header of a tar archive (POSIX.1-2024 pax, "ustar Interchange Format"; GNU tar's base-256 sizes and long
 * names). Strict on purpose: what a reader could take for two different archives is refused.
 *
 * Leaves out all metadata but name, type and size: an OCI layout has no use for owners, modes and times.
 */
import { UpdaterError } from '../errors.ts';
import { decodeText } from '../text.ts';

/** Size of a header, and the unit to which contents are padded. */
export const TAR_BLOCK = 512;

/** What an entry is; kinds that no OCI layout contains are refused. */
export type TarKind = 'file' | 'directory' | 'pax' | 'pax-global' | 'gnu-name' | 'gnu-link';

/** A header: the entry's name as it stands there, its kind, and the bytes that follow (without padding). */
export interface TarHeader {
  readonly name: string;
  readonly kind: TarKind;
  readonly size: number;
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '5': 'directory',
  x: 'pax',
  g: 'pax-global',
  L: 'gnu-name',
  K: 'gnu-link',
};

const FIELD = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  prefix: [345, 155],
} as const;

/** Whether a block is all zeros: the end of an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header. `offset` is where it lies in the archive, for messages.
 * `ARTIFACT_NOT_TAR` when the first block is no header, `ARTIFACT_BAD_TAR` for all that is wrong later.
 */
export function readTarHeader(block: Uint8Array, offset: number): TarHeader {
  const magic = ascii(block, FIELD.magic);
  if (!magic.startsWith('ustar') || checksum(block) !== octal(block, FIELD.checksum)) {
    if (offset === 0) throw notTar(block);
    throw badTar(`the header at byte ${offset} is damaged`, offset);
  }
  const type = ascii(block, FIELD.type);
  const kind = KINDS[type];
  if (kind === undefined) throw badTar(`the entry at byte ${offset} has type "${printable(type)}"`, offset);
  const size = block[FIELD.size[0]] === 0x80 ? base256(block) : octal(block, FIELD.size);
  if (size === undefined) throw badTar(`the size at byte ${offset + FIELD.size[0]} is no number`, offset);
  // Only POSIX magic has a prefix field; GNU's keeps times in those bytes.
  const prefix = magic === 'ustar\0' ? text(block, FIELD.prefix, offset) : '';
  const name = text(block, FIELD.name, offset);
  return { name: prefix === '' ? name : `${prefix}/${name}`, kind, size: kind === 'directory' ? 0 : size };
}

type Field = readonly [offset: number, length: number];

function bytesOf(block: Uint8Array, [offset, length]: Field): Uint8Array {
  return block.subarray(offset, offset + length);
}

function ascii(block: Uint8Array, field: Field): string {
  return String.fromCharCode(...bytesOf(block, field));
}

function text(block: Uint8Array, field: Field, offset: number): string {
  const bytes = bytesOf(block, field);
  const end = bytes.indexOf(0);
  const decoded = decodeText(end < 0 ? bytes : bytes.subarray(0, end));
  if (decoded === undefined) throw badTar(`the name at byte ${offset + field[0]} is not UTF-8`, offset);
  return decoded;
}

/** Leading blanks, octal digits, then blanks or zeros; nothing else. */
function octal(block: Uint8Array, field: Field): number | undefined {
  const match = /^ *([0-7]+)[ \0]*$/.exec(ascii(block, field));
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 8);
}

/** GNU: first byte 0x80, then a big-endian number. 0xff would be a negative one and is refused with all others. */
function base256(block: Uint8Array): number | undefined {
  let value = 0;
  for (const byte of bytesOf(block, FIELD.size).subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}

function checksum(block: Uint8Array): number {
  const [start, length] = FIELD.checksum;
  let sum = 0x20 * length;
  block.forEach((byte, index) => {
    if (index < start || index >= start + length) sum += byte;
  });
  return sum;
}

const printable = (type: string): string =>
  /^[!-~]$/.test(type) ? type : `0x${type.charCodeAt(0).toString(16)}`;

/** An archive that breaks the rules after its first header. */
export function badTar(found: string, offset: number): UpdaterError {
  return new UpdaterError('ARTIFACT_BAD_TAR', `Cannot read the archive: ${found}`, {
    hint: 'Fetch or build the archive again; it holds regular files and directories only.',
    facts: { offset },
  });
}

const COMPRESSIONS: readonly (readonly [magic: string, name: string])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a58', 'xz'],
  ['425a68', 'bzip2'],
];

function notTar(block: Uint8Array): UpdaterError {
  const start = Array.from(block.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const compression = COMPRESSIONS.find(([magic]) => start.startsWith(magic))?.[1];
  return new UpdaterError(
    'ARTIFACT_NOT_TAR',
    `Cannot read the archive: it is ${compression === undefined ? 'not a tar archive' : `compressed with ${compression}`}`,
    {
      hint:
        compression === undefined
          ? 'Give the image.oci that "cocon seal" wrote.'
          : 'Decompress it first; the archive of a release is plain.',
      facts: { start },
    },
  );
}
