import {
  BLOCK_SIZE,
  dump,
  REASONS,
  RECORD_HEADER,
  RecordDraft,
  scanRings,
  structureCrc,
  SUPERBLOCK,
  Volume,
  type BootRecord,
} from '@cocon-os/sdfs';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { currentRecord, readCurrentRecord } from '../src/ring.ts';
import { isNewer, nextSequence, ringPosition } from '../src/ring-position.ts';
import { LoggingDevice } from './helpers/logging-device.ts';
import { codeOf, smallVolume } from './helpers/volumes.ts';

const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt(0n, 2n ** 64n - 1n),
);
const stamp = { writer: 'updater', time: 5 } as const;

describe('isNewer()', () => {
  propertyTest.prop([u64, u64])(
    'holds for one of two different sequences, unless they are half of all numbers apart',
    (a, b) => {
      const apart = BigInt.asUintN(64, a - b);
      const expected = apart === 0n || apart === 2n ** 63n ? 0 : 1;
      expect(Number(isNewer(a, b)) + Number(isNewer(b, a))).toBe(expected);
    },
  );
  propertyTest.prop([u64])('holds for the sequence after any sequence, also at the wrap', (a) => {
    expect(isNewer(nextSequence(a), a)).toBe(true);
  });
});

describe('ringPosition()', () => {
  propertyTest.prop([u64])('puts successive records into different rings', (sequence) => {
    const { superblock } = smallVolume().volume;
    const ring = (each: bigint): number =>
      Math.floor(ringPosition(each, superblock) / superblock.groupBlocks);
    expect(new Set([ring(sequence), ring(nextSequence(sequence))])).toEqual(new Set([1, 2]));
  });
});

describe('readCurrentRecord()', () => {
  const record = fc.record({ sequence: fc.oneof(u64, fc.bigInt(100n, 130n)), spoiled: fc.boolean() });
  propertyTest.prop([fc.array(record, { maxLength: 12 })], { numRuns: 300 })(
    'finds what a look at every block finds, in any rings, and so does dump()',
    (records) => {
      const { device, volume } = smallVolume();
      const { superblock } = volume;
      for (const { sequence, spoiled } of records) {
        const bytes = RecordDraft.after(volume.record).seal(sequence, stamp);
        if (spoiled) bytes[200] = (bytes[200] ?? 0) ^ 1;
        device.write(ringPosition(sequence, superblock) * BLOCK_SIZE, bytes);
      }
      const outcome = (read: () => BootRecord): unknown => {
        try {
          return read().sequence;
        } catch (thrown) {
          return codeOf(() => {
            throw thrown;
          });
        }
      };
      const current = outcome(() => currentRecord(scanRings(device, superblock), device.name));
      expect(outcome(() => readCurrentRecord(device, superblock))).toBe(current);
      const dumped = /^record (\d+) at block \d+, current:/m.exec(dump(device))?.[1];
      expect(dumped === undefined ? 'SDFS_NO_RECORD' : BigInt(dumped)).toBe(current);
    },
  );
});

describe('Volume.write()', () => {
  propertyTest.prop([u64, fc.nat(20)], { numRuns: 30 })(
    'write -> read: the record written last counts, from any sequence on',
    (sequence, count) => {
      const { device, volume } = smallVolume(12, { sequence });
      for (let floor = 1; floor <= count; floor += 1)
        volume.write((draft) => draft.setFloor(BigInt(floor)), stamp);
      const { record } = Volume.open(device);
      expect(record.floor).toBe(BigInt(count));
      expect(record.sequence).toBe(BigInt.asUintN(64, sequence + BigInt(count)));
    },
  );

  test('writes one block, flushes, and reads it back', () => {
    const device = new LoggingDevice(smallVolume().device);
    Volume.open(device).write(() => {}, stamp);
    expect(device.log).toEqual(['write 17+1', 'flush', 'drop']);
  });

  test('keeps reserved bytes as they are', () => {
    const { device, volume } = smallVolume();
    const bytes = RecordDraft.after(volume.record).seal(2n, stamp);
    for (const reserved of [100, 135, 250, 2240, 4095]) bytes[reserved] = 0xab;
    device.write(17 * 4096, sealed(bytes));
    const again = Volume.open(device);
    again.write((draft) => draft.setSlot(0, { progress: 3 }), stamp);
    const { record } = Volume.open(device);
    expect(record.sequence).toBe(3n);
    expect([100, 135, 250, 2240, 4095].map((reserved) => record.bytes[reserved])).toEqual([
      0xab, 0xab, 0xab, 0xab, 0xab,
    ]);
  });

  test('tries the other ring once when what it wrote reads back different', () => {
    const device = new LoggingDevice(smallVolume().device);
    device.rotten.add(17);
    const volume = Volume.open(device);
    volume.write((draft) => draft.setFloor(9n), stamp);
    expect(device.log.filter((step) => step.startsWith('write'))).toEqual(['write 17+1', 'write 33+1']);
    expect([Volume.open(device).record.sequence, volume.record.sequence]).toEqual([3n, 3n]);
  });

  test('fails when both rings fail, and the record before it counts', () => {
    const device = new LoggingDevice(smallVolume().device);
    for (const block of [17, 33]) device.rotten.add(block);
    const volume = Volume.open(device);
    expect(codeOf(() => volume.write((draft) => draft.setFloor(9n), stamp))).toBe('SDFS_IO');
    expect([Volume.open(device).record.sequence, volume.record.floor]).toEqual([1n, 0n]);
  });

  test('Law 10: unknown ro-compat bit: read only', () => {
    const { device, volume } = smallVolume();
    setFeature(device, 36);
    const readOnly = Volume.open(device);
    expect(readOnly.writable).toBe(false);
    expect(codeOf(() => readOnly.write(() => {}, stamp))).toBe('SDFS_READ_ONLY');
    expect(Volume.open(device).record.bytes).toEqual(volume.record.bytes);
  });

  test('Law 10: unknown incompat bit: refuse; unknown compat bit: go on', () => {
    const { device } = smallVolume();
    const incompatible = device.clone();
    setFeature(incompatible, 40);
    incompatible.write(incompatible.sizeBytes - 4096, new Uint8Array(4096));
    expect(codeOf(() => Volume.open(incompatible))).toBe('SDFS_UNSUPPORTED_FEATURE');
    setFeature(device, 32);
    Volume.open(device).write(() => {}, stamp);
    expect(Volume.open(device).record.sequence).toBe(2n);
  });
});

describe('RecordDraft.noteFailure()', () => {
  test('lists a digest once, and drops the oldest when all are in use', () => {
    const { volume } = smallVolume();
    for (let each = 1; each <= 16; each += 1)
      volume.write((draft) => draft.noteFailure(failure(each, each)), stamp);
    volume.write((draft) => draft.noteFailure(failure(1, 17)), stamp);
    expect(volume.record.failures).toHaveLength(16);
    volume.write((draft) => draft.noteFailure(failure(99, 18)), stamp);
    const digests = volume.record.failures.map((each) => Number.parseInt(each.releaseDigest, 16));
    expect(digests.toSorted((a, b) => a - b)).toEqual([
      1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 99,
    ]);
  });

  test('lists an orderly shutdown as one the first time only, and in place of no other reason', () => {
    const { volume } = smallVolume();
    const listed = (reason: (typeof REASONS)[number], generation: number): unknown => {
      const entry = { ...failure(1, generation), reason: REASONS.indexOf(reason) };
      volume.write((draft) => draft.noteFailure(entry), stamp);
      return volume.record.failures;
    };
    expect(listed('shutdown', 1)).toMatchObject([{ reason: 'shutdown', generation: 1n }]);
    expect(listed('shutdown', 2)).toMatchObject([{ reason: 'no-commit', generation: 2n }]);
    expect(listed('shutdown', 3)).toMatchObject([{ reason: 'no-commit', generation: 2n }]);
    expect(listed('hash', 4)).toMatchObject([{ reason: 'hash', generation: 4n }]);
    expect(listed('shutdown', 5)).toMatchObject([{ reason: 'hash', generation: 4n }]);
  });
});

function setFeature(
  device: { read(at: number, into: Uint8Array): void; write(at: number, bytes: Uint8Array): void },
  offset: number,
): void {
  const block = new Uint8Array(4096);
  device.read(0, block);
  block[offset] = 0x40;
  device.write(0, sealedSuperblock(block));
}

function sealed(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    4,
    structureCrc(bytes, RECORD_HEADER.fields.crc),
    true,
  );
  return bytes;
}

function sealedSuperblock(block: Uint8Array): Uint8Array {
  new DataView(block.buffer).setUint32(12, structureCrc(block.subarray(0, 512), SUPERBLOCK.fields.crc), true);
  return block;
}

function failure(digest: number, generation: number) {
  return {
    releaseDigest: digest.toString(16).padStart(64, '0'),
    generation: BigInt(generation),
    reason: 1,
    progress: 2,
    detail: '',
  };
}
