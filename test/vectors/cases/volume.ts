/** Whole volumes: which copy and which record count, and what their descriptors say (FORMAT.md §3.2, §4.6, §5.5). */
import { RecordDraft, toHex, type Volume } from '@cocon-os/sdfs';

import { crcOf, set } from '../edit.ts';
import type { Piece } from '../layout.ts';
import type { NewCase } from '../new-case.ts';
import { SAMPLE_BLOCKS } from '../sample.ts';

const BLOCK = 4096;
const LAST = (SAMPLE_BLOCKS - 1) * BLOCK;
const RINGS = [16 * BLOCK, 32 * BLOCK] as const;
const RING_BYTES = 4 * BLOCK;

/** Every case of this structure. `image` are the bytes of the sample volume. */
export function volumeCases(image: Uint8Array, volume: Volume): readonly NewCase[] {
  const superblock = (at: number, field: string, value: number | bigint): readonly Piece[] => {
    const bytes = image.subarray(at, at + 512);
    const edit = set('superblock', field, value);
    return [edit, crcOf('superblock', bytes, [edit])].map((piece) => ({
      ...piece,
      offset: piece.offset + at,
    }));
  };
  const record = (sequence: bigint, floor: bigint): Piece => {
    const draft = RecordDraft.after(volume.record);
    draft.setFloor(floor);
    const index = Number((sequence >> 1n) % 4n);
    const bytes = draft.seal(sequence, { writer: 'updater', time: 0 });
    return { offset: RINGS[sequence % 2n === 0n ? 0 : 1] + index * BLOCK, hex: trimmed(bytes) };
  };
  const rings = RINGS.map((at) => zero(at, RING_BYTES));
  const [descriptor0, descriptor1] = [48 * BLOCK, 64 * BLOCK];

  return [
    of('good', []),
    of('copy A has no magic', [zero(0, 4)]),
    of('copy A has a bad checksum', [{ offset: 300, hex: '01' }]),
    of('copy A has an unknown incompat bit', superblock(0, 'incompat', 1)),
    of('copy A has a bad geometry', superblock(0, 'groupBlocks', 48)),
    of('copy B is damaged', [zero(LAST, 512)]),
    of('copies A and B have no magic', [zero(0, 4), zero(LAST, 4)]),
    of('copy A has no magic, copy B a bad checksum', [zero(0, 4), { offset: LAST + 300, hex: '01' }]),
    of('copy A has a bad checksum, copy B no magic', [{ offset: 300, hex: '01' }, zero(LAST, 4)]),
    of('copy A has no magic, copy B an unknown incompat bit', [
      zero(0, 4),
      ...superblock(LAST, 'incompat', 1),
    ]),
    of('copy A has an unknown incompat bit, copy B another version', [
      ...superblock(0, 'incompat', 1),
      ...superblock(LAST, 'version', 2),
    ]),
    of('copy A has another version, copy B no magic', [...superblock(0, 'version', 2), zero(LAST, 4)]),
    of('unknown ro_compat bit', superblock(0, 'roCompat', 1)),
    of('unknown compat bit', superblock(0, 'compat', 1)),
    of('device one block larger', [], (SAMPLE_BLOCKS + 1) * BLOCK),
    of('device one block larger, copy A lost', [zero(0, 512)], (SAMPLE_BLOCKS + 1) * BLOCK),
    of('device half a block larger', [], SAMPLE_BLOCKS * BLOCK + 2048),
    of('device one block smaller', [], (SAMPLE_BLOCKS - 1) * BLOCK),
    of('device one byte smaller', [], SAMPLE_BLOCKS * BLOCK - 1),
    of('device of two blocks', [], 2 * BLOCK),
    of('device of one block', [], BLOCK),
    of('device of nothing', [], 0),

    of('both rings are zero', rings),
    of('ring 0 is lost', [zero(RINGS[0], RING_BYTES)]),
    of('ring 1 is lost', [zero(RINGS[1], RING_BYTES)]),
    of('the current record is torn', [zero(RINGS[0] + 2048, 2048)]),
    of('the current record is of another volume', otherVolume(volume, RINGS[0])),
    of('the current record lies one block further', [
      zero(RINGS[0], BLOCK),
      { offset: RINGS[0] + BLOCK, hex: trimmed(volume.record.bytes) },
    ]),
    of('across the wrap: 2^64 - 1 and 0', [...rings, record(2n ** 64n - 1n, 5n), record(0n, 6n)]),
    of('across the wrap: 0 and 2^64 - 2', [...rings, record(0n, 5n), record(2n ** 64n - 2n, 6n)]),
    of('half of all numbers apart: the first one found stays', [
      ...rings,
      record(0n, 5n),
      record(2n ** 63n + 2n, 6n),
    ]),
    of('a little less than half apart: the newer one', [
      ...rings,
      record(2n, 5n),
      record(2n ** 63n + 1n, 6n),
    ]),
    of('three that beat one another in a circle', [
      ...rings,
      record(0n, 1n),
      record(2n ** 63n - 2n, 2n),
      record(2n ** 63n + 3n, 3n),
    ]),
    of('one valid record among damaged ones', [
      ...rings,
      record(7n, 9n),
      { offset: RINGS[0], hex: 'ff'.repeat(64) },
      { offset: RINGS[1] + BLOCK, hex: '53444252' },
    ]),

    of('the descriptor of slot 0 is zero', [zero(descriptor0, BLOCK)]),
    of('the descriptor of slot 1 has a flipped bit', [{ offset: descriptor1 + 2000, hex: '01' }]),
    of('the descriptors change places', [
      { offset: descriptor0, hex: trimmed(image.subarray(descriptor1, descriptor1 + BLOCK)) },
      { offset: descriptor1, hex: trimmed(image.subarray(descriptor0, descriptor0 + BLOCK)) },
    ]),
  ];
}

function otherVolume(volume: Volume, at: number): readonly Piece[] {
  const edit = set('record', 'volumeUuid', 'ee'.repeat(16));
  return [edit, crcOf('record', volume.record.bytes, [edit])].map((piece) => ({
    ...piece,
    offset: piece.offset + at,
  }));
}

/** The bytes without the zeros at their end; what is replaced has zeros there, too. */
function trimmed(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1));
}

function of(name: string, edits: readonly Piece[], length?: number): NewCase {
  return {
    name: `volume: ${name}`,
    structure: 'volume',
    base: 'volume',
    edits,
    ...(length === undefined ? {} : { length }),
  };
}

function zero(offset: number, length: number): Piece {
  return { offset, zeros: length };
}
