/** Changes an input a little, in ways that tar streams and JSON documents take notice of. */
import type { Random } from '../../prove/random.ts';

const BLOCK = 512;
/** Offset and length of the fields of a tar header (POSIX.1-2024, pax, "ustar Interchange Format"). */
const TAR_FIELDS = [
  [0, 100],
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 8],
  [329, 8],
  [337, 8],
  [345, 155],
] as const;
const CHECKSUM = { offset: 148, length: 8 };
const WORDS = [
  '../',
  '/',
  '.',
  '..',
  '.wh.',
  '.wh..wh..opq',
  '.wh..wh.plnk',
  'boot/vmlinuz',
  'etc',
  'ustar\x0000',
  'x',
  'g',
  'L',
  'K',
  '5',
  '1',
  '2',
  '3',
  '6',
  '7',
  '00000000000\0',
  '77777777777\0',
  '\x80\0\0\0\0\0\0\0\0\0\0\x01',
  '\xff',
  '16 size=7\n',
  '30 path=../../etc/passwd\n',
  '27 SCHILY.xattr.user.a=b\n',
  '20 mtime=1.5\n',
  'sha256:',
  'sha512:',
  'null',
  '[]',
  '{}',
  '"mediaType"',
  '-1',
  '1e99',
  '9007199254740993',
  '"linux"',
] as const;
const LONGEST = 16_384;

/** A few changes; tar headers get their checksums right again most of the time. */
export function mutated(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(input);
  for (let count = 1 + random.below(4); count > 0; count -= 1) bytes = change(bytes, other, random);
  const cut = bytes.subarray(0, LONGEST);
  if (random.below(8) > 0 && (cut[0] ?? 0) % 5 === 0) repairHeaders(cut);
  return cut;
}

function change(bytes: Buffer, other: Uint8Array, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const word = Buffer.from(WORDS[random.below(WORDS.length)] ?? '', 'latin1');
  switch (random.below(8)) {
    case 0:
      return replaced(bytes, at, Buffer.of(random.below(256)));
    case 1:
      return replaced(bytes, at, word);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
    case 4: {
      const from = random.below(other.length + 1);
      const piece = other.subarray(from, from + random.below(2 * BLOCK));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
    case 5: {
      // Whole blocks, so that a tar stream stays one.
      const block = 1 + Math.floor(at / BLOCK) * BLOCK;
      const piece = bytes.subarray(block, block + BLOCK * (1 + random.below(3)));
      const to = 1 + Math.floor(random.below(bytes.length + 1) / BLOCK) * BLOCK;
      return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
    }
    default: {
      const [offset, length] = TAR_FIELDS[random.below(TAR_FIELDS.length)] ?? [0, 1];
      const field = Buffer.alloc(length);
      field.set(word.subarray(0, length));
      return replaced(bytes, 1 + Math.floor(at / BLOCK) * BLOCK + offset, field);
    }
  }
}

function replaced(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  const next = Buffer.alloc(Math.max(bytes.length, at + piece.length));
  next.set(bytes);
  next.set(piece, at);
  return next;
}

/** Every block that looks like a header. */
function repairHeaders(bytes: Buffer): void {
  for (let at = 1; at + BLOCK <= bytes.length; at += BLOCK) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.toString('latin1', 257, 262) !== 'ustar') continue;
    header.fill(' ', CHECKSUM.offset, CHECKSUM.offset + CHECKSUM.length);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM.offset, 'latin1');
  }
}
