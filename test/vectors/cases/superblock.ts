/** Superblocks: FORMAT.md §3.2, step 2. */
import { crcOf, set, type Value } from '../edit.ts';
import type { Piece } from '../layout.ts';
import type { NewCase } from '../new-case.ts';
import { SAMPLE_BLOCKS } from '../sample.ts';

/** Every case of this structure. */
export function superblockCases(superblock: Uint8Array): readonly NewCase[] {
  const fixed = (edits: readonly Piece[]): readonly Piece[] => [
    ...edits,
    crcOf('superblock', superblock, edits),
  ];
  const field = (
    name: string,
    value: Value,
    title = `${name} is ${value}`,
    rest: Partial<NewCase> = {},
  ): NewCase => of(title, fixed([set('superblock', name, value)]), rest);
  const size = (totalBlocks: bigint, dataEnd: bigint): readonly Piece[] =>
    fixed([set('superblock', 'totalBlocks', totalBlocks), set('superblock', 'dataEnd', dataEnd)]);

  return [
    of('good copy A', []),
    of('good copy B', fixed([set('superblock', 'copy', 1)]), { copy: 'B' }),
    of('volume smaller than its device', [], { deviceBlocks: 5000 }),
    field('compat', 0x8000_0001, 'unknown compat bits'),
    field('roCompat', 2, 'unknown ro_compat bit'),
    of('reserved bytes are not zero', fixed([{ offset: 500, hex: 'ff' }])),
    of('label is no UTF-8', fixed([{ offset: 104, hex: '61ff62' }])),
    of('largest volume', size(2n ** 40n - 1n, 2n ** 40n - 16n), { deviceBlocks: 2 ** 40 }),

    ...[0, 1, 7].map((index) => of(`magic byte ${index} differs`, [{ offset: index, hex: 'aa' }])),
    of('all zero', [{ offset: 0, zeros: 512 }]),
    of('crc differs', [set('superblock', 'crc', 1)]),
    ...[8, 16, 40, 48, 104, 136, 511].map((offset) =>
      of(`byte ${offset} flipped`, [{ offset, hex: flipped(superblock, offset) }]),
    ),
    ...[0, 4, 8, 16, 511].map((length) => of(`cut to ${length} bytes`, [], { length })),
    field('version', 0),
    field('version', 2),
    field('incompat', 1),
    field('incompat', 0x8000_0000),
    of(
      'version and incompat are unknown',
      fixed([set('superblock', 'version', 2), set('superblock', 'incompat', 1)]),
    ),
    of(
      'incompat is unknown and geometry is bad',
      fixed([set('superblock', 'incompat', 1), set('superblock', 'groupBlocks', 0)]),
    ),

    field('blockSize', 512),
    field('blockSize', 0),
    field('copy', 1),
    of('copy A found as copy B', [], { copy: 'B' }),
    ...[0, 1, 8, 15, 17, 48, 32_768, 2 ** 32 - 1].map((value) => field('groupBlocks', value)),
    ...[0, 1, 17, 2 ** 32 - 1].map((value) => field('slotCount', value)),
    field('slotCount', 4, 'slotCount takes more groups than there are'),
    ...[0, 1, 3, 32, 512, 2 ** 31].map((value) => field('ringRecords', value)),
    ...[0n, 1n, 96n, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n].map((value) => field('totalBlocks', value)),
    ...[0n, 15n, 32n, 2n ** 52n + 16n].map((value) => field('ring0Block', value)),
    ...[0n, 16n, 33n].map((value) => field('ring1Block', value)),
    ...[0n, 47n, 64n].map((value) => field('dataStart', value)),
    ...[0n, 48n, 97n, 112n, 2n ** 64n - 1n].map((value) => field('dataEnd', value)),
    of('device one block too small', [], { deviceBlocks: SAMPLE_BLOCKS - 1 }),
    of('bad geometry on a device too small', fixed([set('superblock', 'blockSize', 512)]), {
      deviceBlocks: 2,
    }),
  ];
}

function flipped(bytes: Uint8Array, offset: number): string {
  return ((bytes[offset] ?? 0) ^ 0x10).toString(16).padStart(2, '0');
}

function of(name: string, edits: readonly Piece[], rest: Partial<NewCase> = {}): NewCase {
  return {
    name: `superblock: ${name}`,
    structure: 'superblock',
    base: 'superblock',
    edits,
    copy: 'A',
    deviceBlocks: SAMPLE_BLOCKS,
    ...rest,
  };
}
