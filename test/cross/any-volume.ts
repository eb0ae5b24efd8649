/**
 * Volumes that something happened to: the sample volume with fields set to any value (the CRC put right again or not), bits
 * flipped, blocks torn, moved and zeroed, and the device cut or lengthened.
 */
import {
  DESCRIPTOR_HEADER,
  EXTENT_ENTRY,
  FILE_ENTRY,
  LIMITS,
  MemoryDevice,
  RECORD_HEADER,
  SLOT_ENTRY,
  structureCrc,
  SUPERBLOCK,
} from '@cocon-os/sdfs';
import { fc } from '@fast-check/vitest';

import { SAMPLE_BLOCKS, sampleVolume } from '../vectors/sample.ts';

const BLOCK = LIMITS.BLOCK_SIZE;
/** The volume as it was. */
export const sample = sampleVolume();
const image = new Uint8Array(sample.device.sizeBytes);
sample.device.read(0, image);

/** The structures of the sample by the byte at which they start, and how far their CRC reaches. */
const [first, second] = sample.volume.liveSlots().map((slot) => slot.descriptorBlock * BLOCK);
const STRUCTURES = [
  ...[0, (SAMPLE_BLOCKS - 1) * BLOCK].map((at) => ({ at, length: 512, crc: SUPERBLOCK.fields.crc })),
  ...sample.volume
    .scanRings()
    .map(({ block }) => ({ at: block * BLOCK, length: BLOCK, crc: RECORD_HEADER.fields.crc })),
  ...[first ?? 0, second ?? 0].map((at) => ({ at, length: BLOCK, crc: DESCRIPTOR_HEADER.fields.crc })),
] as const;

/** Every field of every structure of the sample, so that edits hit what is looked at rather than padding. */
const FIELDS = STRUCTURES.flatMap(({ at, crc }) => {
  if (crc === SUPERBLOCK.fields.crc) return fieldsAt(SUPERBLOCK.fields, at);
  if (crc === RECORD_HEADER.fields.crc) {
    const slots = [0, 1, 2].flatMap((index) =>
      fieldsAt(SLOT_ENTRY.fields, at + LIMITS.RECORD_HEADER_SIZE + index * LIMITS.SLOT_ENTRY_SIZE),
    );
    return [...fieldsAt(RECORD_HEADER.fields, at), ...slots];
  }
  const files = Array.from({ length: 7 }, (_, index) =>
    fieldsAt(FILE_ENTRY.fields, at + LIMITS.DESCRIPTOR_HEADER_SIZE + index * LIMITS.FILE_ENTRY_SIZE),
  );
  const extents = Array.from({ length: 7 }, (_, index) =>
    fieldsAt(
      EXTENT_ENTRY.fields,
      at + LIMITS.DESCRIPTOR_HEADER_SIZE + 7 * LIMITS.FILE_ENTRY_SIZE + index * LIMITS.EXTENT_ENTRY_SIZE,
    ),
  );
  return [...fieldsAt(DESCRIPTOR_HEADER.fields, at), ...files.flat(), ...extents.flat()];
});

interface Place {
  readonly offset: number;
  readonly size: number;
}

function fieldsAt(fields: Readonly<Record<string, Place>>, at: number): readonly Place[] {
  return Object.values(fields).map(({ offset, size }) => ({ offset: at + offset, size }));
}

type Mutation = (bytes: Uint8Array) => void;

/** Numbers at which something changes, and any other. */
const number = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    3n,
    4n,
    5n,
    7n,
    15n,
    16n,
    17n,
    32n,
    33n,
    47n,
    48n,
    49n,
    64n,
    65n,
    95n,
    96n,
    97n,
    4096n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 40n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ),
  fc.bigInt(0n, 2n ** 64n - 1n),
);
const setField: fc.Arbitrary<Mutation> = fc
  .tuple(fc.constantFrom(...FIELDS), number)
  .map(([field, value]) => (bytes) => {
    for (let index = 0; index < Math.min(field.size, 8); index += 1)
      bytes[field.offset + index] = Number((value >> BigInt(8 * index)) & 0xffn);
  });
const flipBit: fc.Arbitrary<Mutation> = fc
  .tuple(fc.constantFrom(...FIELDS), fc.nat(7), fc.nat(3))
  .map(([field, bit, at]) => (bytes) => {
    const offset = field.offset + Math.min(at, field.size - 1);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  });
const anyBlock = fc.nat(SAMPLE_BLOCKS - 1);
const zeroBlock: fc.Arbitrary<Mutation> = anyBlock.map(
  (block) => (bytes) => bytes.fill(0, block * BLOCK, (block + 1) * BLOCK),
);
const copyBlock: fc.Arbitrary<Mutation> = fc.tuple(anyBlock, anyBlock).map(
  ([from, to]) =>
    (bytes) =>
      bytes.copyWithin(to * BLOCK, from * BLOCK, (from + 1) * BLOCK),
);
const tearBlock: fc.Arbitrary<Mutation> = fc.tuple(fc.constantFrom(...STRUCTURES), fc.nat(7)).map(
  ([{ at }, sectors]) =>
    (bytes) =>
      bytes.fill(0xff, at + sectors * 512, at + BLOCK),
);

const mutations = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: setField },
    { weight: 2, arbitrary: flipBit },
    zeroBlock,
    copyBlock,
    tearBlock,
  ),
  { maxLength: 6 },
);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.constant(image.length) },
  fc.nat(image.length),
  fc.nat(2 * BLOCK).map((more) => image.length + more),
);

/** Puts every CRC right, and the one that the current record keeps of each descriptor. */
function fixChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fix = ({ at, length, crc }: (typeof STRUCTURES)[number]): number => {
    const value = structureCrc(bytes.subarray(at, at + length), crc);
    view.setUint32(at + crc.offset, value, true);
    return value;
  };
  const descriptors = STRUCTURES.filter(({ crc }) => crc === DESCRIPTOR_HEADER.fields.crc);
  for (const [slot, descriptor] of descriptors.entries()) {
    const value = fix(descriptor);
    for (const { at, crc } of STRUCTURES) {
      if (crc === RECORD_HEADER.fields.crc)
        view.setUint32(
          at +
            LIMITS.RECORD_HEADER_SIZE +
            slot * LIMITS.SLOT_ENTRY_SIZE +
            SLOT_ENTRY.fields.descriptorCrc.offset,
          value,
          true,
        );
    }
  }
  for (const structure of STRUCTURES) if (structure.crc !== DESCRIPTOR_HEADER.fields.crc) fix(structure);
}

function deviceOf(bytes: Uint8Array, sizeBytes: number): MemoryDevice {
  const device = new MemoryDevice(sizeBytes);
  device.write(0, bytes.subarray(0, sizeBytes));
  return device;
}

/** A volume, damaged or not. */
export const anyVolume: fc.Arbitrary<MemoryDevice> = fc
  .tuple(mutations, size, fc.boolean())
  .map(([changes, sizeBytes, fixed]) => {
    const bytes = image.slice();
    for (const change of changes) change(bytes);
    if (fixed) fixChecksums(bytes);
    return deviceOf(bytes, sizeBytes);
  });
