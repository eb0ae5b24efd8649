/** Boot records: FORMAT.md §4.6, step 2. */
import { crcOf, failureAt, outputAt, set, slotAt, type Value } from '../edit.ts';
import type { Piece } from '../layout.ts';
import type { NewCase } from '../new-case.ts';
import { RECORD_BLOCK } from '../read.ts';

/** Every case of this structure. */
export function recordCases(record: Uint8Array): readonly NewCase[] {
  const fixed = (edits: readonly Piece[]): readonly Piece[] => [...edits, crcOf('record', record, edits)];
  const field = (name: string, value: Value): NewCase =>
    of(`${name} is ${value}`, fixed([set('record', name, value)]));
  const slot = (index: number, name: string, value: Value): NewCase =>
    of(`${name} of slot ${index} is ${value}`, fixed([set('slot', name, value, slotAt(index))]));
  const sequence = (value: bigint, block: number): NewCase =>
    of(`sequence ${value} at block ${block}`, fixed([set('record', 'sequence', value)]), { block });

  return [
    of('good', []),
    field('floor', 2n ** 64n - 1n),
    field('time', 2n ** 64n - 1n),
    field('writer', 7),
    of(
      'reserved bytes are not zero',
      fixed([
        { offset: 60, hex: '01' },
        { offset: slotAt(0) + 7, hex: '01' },
        { offset: slotAt(1) + 113, hex: '02' },
        { offset: 4095, hex: '03' },
      ]),
    ),
    slot(0, 'flags', 0xff),
    slot(0, 'progress', 200),
    slot(0, 'reason', 99),
    slot(0, 'generation', 2n ** 64n - 1n),
    slot(1, 'attemptsLeft', 3),
    of('detail of slot 1 is no UTF-8', fixed([set('slot', 'detail', `61ff62${'00'.repeat(45)}`, slotAt(1))])),
    of('detail of slot 1 fills its field', fixed([set('slot', 'detail', 'c3a9'.repeat(24), slotAt(1))])),
    of(
      'detail of slot 1 ends within a character',
      fixed([set('slot', 'detail', `${'61'.repeat(47)}c3`, slotAt(1))]),
    ),
    of(
      'an empty slot holds leftovers',
      fixed([
        set('slot', 'descriptorBlocks', 99, slotAt(2)),
        set('slot', 'descriptorBlock', 2n ** 64n - 1n, slotAt(2)),
        set('slot', 'attemptsLeft', 9, slotAt(2)),
      ]),
    ),
    of(
      'an entry beyond the slots is bad',
      fixed([set('slot', 'state', 9, slotAt(3)), set('slot', 'state', 1, slotAt(15))]),
    ),
    of(
      'a failure entry has an unknown reason',
      fixed([
        set('failure', 'reason', 200, failureAt(0)),
        set('failure', 'detail', `ff${'00'.repeat(21)}`, failureAt(0)),
      ]),
    ),
    slot(1, 'shutdowns', 255),
    of(
      'every output entry is in use, one of them no UTF-8',
      fixed(
        Array.from({ length: 6 }, (_, index) => [
          set('output', 'generation', 2n ** 64n - 1n - BigInt(index), outputAt(index)),
          set('output', 'output', `61${index === 5 ? 'ff' : 'c3'}a9${'62'.repeat(117)}`, outputAt(index)),
        ]).flat(),
      ),
    ),
    of(
      'an output entry that is not in use holds leftovers',
      fixed([set('output', 'output', '61'.repeat(120), outputAt(0))]),
    ),
    of(
      'every failure entry is in use',
      fixed(
        Array.from({ length: 16 }, (_, index) =>
          set(
            'failure',
            'releaseDigest',
            (index + 1).toString(16).padStart(2, '0').repeat(32),
            failureAt(index),
          ),
        ),
      ),
    ),
    sequence(0n, 16),
    sequence(6n, 19),
    sequence(7n, 35),
    sequence(2n ** 63n, 16),
    sequence(2n ** 64n - 2n, 19),
    sequence(2n ** 64n - 1n, 35),

    of('all zero', [{ offset: 0, zeros: 4096 }]),
    ...[0, 3].map((index) => of(`magic byte ${index} differs`, [{ offset: index, hex: 'aa' }])),
    of('crc differs', [set('record', 'crc', 1)]),
    ...[8, 24, 60, slotAt(0), slotAt(15), failureAt(15), 3200, 4095].map((offset) =>
      of(`byte ${offset} flipped`, [
        { offset, hex: ((record[offset] ?? 0) ^ 1).toString(16).padStart(2, '0') },
      ]),
    ),
    ...[0, 3, 4, 128, 512, 2048, 4095].map((length) => of(`cut to ${length} bytes`, [], { length })),
    of('of another volume', fixed([set('record', 'volumeUuid', 'ee'.repeat(16))])),
    of(
      'of another volume, and at a wrong place',
      fixed([set('record', 'volumeUuid', 'ee'.repeat(16)), set('record', 'sequence', 9)]),
    ),
    ...[0, 15, 17, 19, 32, 48].map((block) => of(`found at block ${block}`, [], { block })),
    sequence(9n, 16),
    sequence(10n, 16),
    of(
      'misplaced, and a bad slot entry',
      fixed([set('record', 'sequence', 9), set('slot', 'state', 4, slotAt(0))]),
    ),

    slot(0, 'state', 4),
    slot(2, 'state', 255),
    slot(2, 'state', 1),
    slot(0, 'descriptorBlocks', 0),
    slot(0, 'descriptorBlocks', 5),
    slot(1, 'descriptorBlocks', 2 ** 32 - 1),
    slot(0, 'descriptorBlock', 0n),
    slot(0, 'descriptorBlock', 47n),
    slot(0, 'descriptorBlock', 96n),
    slot(0, 'descriptorBlock', 2n ** 64n - 1n),
    of(
      'descriptor reaches to the end of the data',
      fixed([set('slot', 'descriptorBlock', 92n, slotAt(0)), set('slot', 'descriptorBlocks', 4, slotAt(0))]),
    ),
    of(
      'descriptor reaches beyond the data',
      fixed([set('slot', 'descriptorBlock', 93n, slotAt(0)), set('slot', 'descriptorBlocks', 4, slotAt(0))]),
    ),
    slot(1, 'attemptsLeft', 4),
    slot(0, 'attemptsTotal', 2),
  ];
}

function of(name: string, edits: readonly Piece[], rest: Partial<NewCase> = {}): NewCase {
  return {
    name: `record: ${name}`,
    structure: 'record',
    base: 'record',
    edits,
    block: RECORD_BLOCK,
    ...rest,
  };
}
