/** Slot descriptors: FORMAT.md §5.5. */
import { structureCrc, DESCRIPTOR_HEADER } from '@cocon-os/sdfs';

import { crcOf, fileAt, set, type Value } from '../edit.ts';
import { bytesOf, type Piece } from '../layout.ts';
import type { NewCase } from '../new-case.ts';

/** Files of the sample, by their place in the table. */
const [JSON_FILE, SIG_FILE, KERNEL, INITRD, DTB, ROOTFS, VERITY] = [0, 1, 2, 3, 4, 5, 6] as const;
const FILES = 7;
const extentAt = (index: number): number => fileAt(FILES) + index * 16;

/** Every case of this structure. The CRC of the slot entry is part of its identity, so edits that are to get past it keep it. */
export function descriptorCases(descriptor: Uint8Array): readonly NewCase[] {
  const kept = (edits: readonly Piece[]): readonly Piece[] => [...edits, ...sameCrc(descriptor, edits)];
  const header = (name: string, value: Value): NewCase =>
    of(`${name} is ${value}`, kept([set('descriptor', name, value)]));
  const file = (index: number, name: string, value: Value): NewCase =>
    of(`${name} of file ${index} is ${value}`, kept([set('file', name, value, fileAt(index))]));
  const named = (index: number, name: string): NewCase =>
    of(`file ${index} is called "${name}"`, kept(nameEdits(index, name)));
  const extent = (index: number, name: string, value: Value): NewCase =>
    of(`${name} of extent ${index} is ${value}`, kept([set('extent', name, value, extentAt(index))]));

  return [
    of('good', []),
    of(
      'reserved bytes are not zero',
      kept([
        { offset: 44, hex: '01' },
        { offset: 90, hex: '02' },
        { offset: fileAt(0) + 12, hex: '03' },
        { offset: extentAt(0) + 12, hex: '04' },
      ]),
    ),
    of('bytes behind the name are not zero', kept([{ offset: fileAt(KERNEL) + 56 + 6, hex: '78' }])),
    of('files share an extent', kept([set('file', 'firstExtent', 0, fileAt(SIG_FILE))])),
    named(DTB, 'dtb/a/b+c,d_e-f.dtb'),
    named(DTB, `dtb/${'n'.repeat(68)}`),

    of('magic differs', [{ offset: 0, hex: 'aa' }]),
    of('all zero', [{ offset: 0, zeros: 4096 }]),
    of('crc differs', [set('descriptor', 'crc', 1)]),
    ...[8, 24, 40, 80, fileAt(0), fileAt(FILES - 1), extentAt(0), 4095].map((offset) =>
      of(`byte ${offset} flipped`, [
        { offset, hex: ((descriptor[offset] ?? 0) ^ 1).toString(16).padStart(2, '0') },
      ]),
    ),
    header('volumeUuid', 'ee'.repeat(16)),
    of('of another slot', [], { slot: 1 }),
    header('slot', 1),
    header('generation', 2n),
    header('releaseDigest', 'ee'.repeat(32)),
    of('good, but not the one that the record names', [
      { offset: 4000, hex: '01' },
      crcOf('descriptor', descriptor, [{ offset: 4000, hex: '01' }]),
    ]),

    header('fileCount', 0),
    header('fileCount', 33),
    header('fileCount', 2 ** 32 - 1),
    header('extentCount', 2 ** 32 - 1),
    header('extentCount', (4096 - fileAt(FILES)) / 16 + 1),
    header('extentCount', 0),
    header('extentCount', 6),
    header('fileCount', 32),
    header('fileCount', FILES - 1),
    ...[0, 8, 65_535].map((kind) => file(KERNEL, 'kind', kind)),
    file(KERNEL, 'kind', 4),
    file(INITRD, 'kind', 3),
    ...[0, 73, 65_535].map((length) => file(KERNEL, 'nameLength', length)),
    file(KERNEL, 'nameLength', 5),
    named(KERNEL, 'Kernel'),
    named(DTB, 'dtb/'),
    named(DTB, 'dtb'),
    named(DTB, 'board.dtb'),
    named(DTB, 'dtb/a b'),
    named(DTB, 'dtb/a:b'),
    named(DTB, 'dtb/\u00e9'),
    of('the name of file 4 holds a zero byte', kept([{ offset: fileAt(DTB) + 56 + 5, hex: '00' }])),
    of('a kernel twice', kept([set('file', 'kind', 3, fileAt(INITRD)), ...nameEdits(INITRD, 'kernel')])),
    file(KERNEL, 'extentCount', 0),
    file(KERNEL, 'extentCount', 65),
    file(KERNEL, 'extentCount', 2),
    file(KERNEL, 'firstExtent', 7),
    file(KERNEL, 'firstExtent', 2 ** 32 - 1),
    extent(0, 'blocks', 0),
    extent(0, 'blocks', 2 ** 32 - 1),
    extent(0, 'start', 0n),
    extent(0, 'start', 47n),
    extent(0, 'start', 96n),
    extent(0, 'start', 2n ** 64n - 1n),
    extent(2, 'start', 95n),
    file(KERNEL, 'size', 0n),
    file(KERNEL, 'size', 4096n),
    file(KERNEL, 'size', 8192n),
    file(KERNEL, 'size', 8193n),
    file(KERNEL, 'size', 2n ** 40n + 1n),
    file(KERNEL, 'size', 2n ** 64n - 1n),
    of('no release.json', kept(dtbInstead(JSON_FILE))),
    of('no release.sig', kept(dtbInstead(SIG_FILE))),
    of('no kernel', kept(dtbInstead(KERNEL))),
    of('no initrd', kept(dtbInstead(INITRD))),
    of('a hash tree without a root file system', kept(dtbInstead(ROOTFS))),
    of('a root file system without a hash tree', kept(dtbInstead(VERITY))),
  ];
}

function nameEdits(index: number, name: string): readonly Piece[] {
  const bytes = Buffer.alloc(72);
  const length = bytes.write(name, 'latin1');
  return [
    set('file', 'nameLength', length, fileAt(index)),
    { offset: fileAt(index) + 56, hex: bytes.toString('hex') },
  ];
}

function dtbInstead(index: number): readonly Piece[] {
  return [set('file', 'kind', 5, fileAt(index)), ...nameEdits(index, `dtb/instead-${index}`)];
}

/**
 * Four bytes of padding at the block's end that bring the CRC back to what it was: without them every edit would be
 * refused for its checksum or as another descriptor, and no later check would be reached. CRC-32 is linear, so the four
 * bytes follow from what each of their 32 bits does to it.
 */
function sameCrc(descriptor: Uint8Array, edits: readonly Piece[]): readonly Piece[] {
  const edited = descriptor.slice();
  for (const piece of edits) edited.set(bytesOf(piece), piece.offset);
  const at = edited.length - 4;
  const crc = (): number => structureCrc(edited, DESCRIPTOR_HEADER.fields.crc);
  const start = crc();
  const wanted = (start ^ structureCrc(descriptor, DESCRIPTOR_HEADER.fields.crc)) >>> 0;
  const effects = Array.from({ length: 32 }, (_, bit) => {
    edited[at + (bit >> 3)] = 1 << (bit & 7);
    const effect = (crc() ^ start) >>> 0;
    edited[at + (bit >> 3)] = 0;
    return { effect, bits: 2 ** bit };
  });
  return [{ offset: at, hex: littleEndian(solve(effects, wanted)) }];
}

/** Which of the effects, XORed, give `wanted`: Gaussian elimination over GF(2). */
function solve(
  effects: readonly { readonly effect: number; readonly bits: number }[],
  wanted: number,
): number {
  let rows = [...effects];
  let rest = wanted;
  let chosen = 0;
  for (let bit = 31; bit >= 0; bit -= 1) {
    const has = (value: number): boolean => ((value >>> bit) & 1) === 1;
    const pivot = rows.find((row) => has(row.effect));
    if (pivot === undefined) continue;
    rows = rows
      .filter((row) => row !== pivot)
      .map((row) =>
        has(row.effect) ? { effect: row.effect ^ pivot.effect, bits: row.bits ^ pivot.bits } : row,
      );
    if (has(rest)) {
      rest ^= pivot.effect;
      chosen ^= pivot.bits;
    }
  }
  return chosen;
}

function littleEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes.toString('hex');
}

function of(name: string, edits: readonly Piece[], rest: Partial<NewCase> = {}): NewCase {
  return {
    name: `descriptor: ${name}`,
    structure: 'descriptor',
    base: 'descriptor',
    edits,
    slot: 0,
    ...rest,
  };
}
