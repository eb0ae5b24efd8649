/** Law 9 for what lies before a volume: both readers of partition tables find the same partitions (FORMAT.md §12). */
import { findPartitions as findInRust } from '@cocon-os/native';
import { MemoryDevice, PARTITION_TYPE, readTables, type BlockDevice } from '@cocon-os/sdfs';
import { test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { anyDisk, diskOf, ENTRY, HEADER, SECTORS, type Edit } from './any-disk.ts';
import { nativeDevice } from './rust-reader.ts';

interface Found {
  readonly table: 'primary' | 'backup' | 'truncated';
  readonly partitions: readonly object[];
}

/** First by what firmware would say the sector size is, then by the other: an image file does not tell. */
function rust(disk: BlockDevice): Found | undefined {
  for (const sectorSize of disk.sectorSize === 4096 ? [4096, 512] : [512, 4096]) {
    const found = findInRust(nativeDevice(disk), sectorSize);
    if (found !== null)
      return {
        table: found.table,
        partitions: found.partitions.map(({ number, uuid, firstSector, sectors }) => ({
          number,
          uuid,
          offset: firstSector * sectorSize,
          sizeBytes: sectors * sectorSize,
        })),
      };
  }
  return undefined;
}

function typescript(disk: BlockDevice): Found | undefined {
  const found = readTables(disk);
  // Where firmware does not look, the loader does not, either.
  if (found === undefined || found.table === 'displaced') return undefined;
  if (found.missingSectors > 0) return { table: 'truncated', partitions: [] };
  return {
    table: found.table,
    partitions: found.partitions
      .filter(({ type }) => type === PARTITION_TYPE)
      .map(({ number, uuid, offset, sizeBytes }) => ({ number, uuid, offset, sizeBytes })),
  };
}

propertyTest.prop([anyDisk], { numRuns: 2000 })(
  'Law 9: both readers find the same partitions on every disk',
  (disk) => {
    expect(rust(disk)).toEqual(typescript(disk));
  },
);

describe.each([
  ['Rust', rust],
  ['TypeScript', typescript],
])('the reader in %s', (_, read) => {
  const numbers = (edits: readonly Edit[], lengthened = 0): readonly unknown[] | undefined =>
    read(diskOf({ sectorSize: 512, edits, sealed: true, lengthened }))?.partitions.map((each) =>
      'number' in each ? each.number : undefined,
    );
  const moved = (table: Edit['table'], value: bigint): Edit => ({ table, field: HEADER.myLba, value });

  test('takes a table only where its header says that it lies (UEFI 2.10 §5.3.2)', () => {
    const backupOnly: Edit = { table: 'backup', field: ENTRY.type, entry: 0, value: 0n };
    expect(numbers([backupOnly])).toEqual([1, 2, 3]);
    expect(numbers([backupOnly, moved('primary', 2n)])).toEqual([2, 3]);
    expect(numbers([moved('primary', 2n), moved('backup', 1n)])).toBeUndefined();
    expect(numbers([moved('primary', 1n + 2n ** 53n), moved('backup', 0n)])).toBeUndefined();
  });

  test('takes no table that counts on sectors beyond the disk, as Linux does', () => {
    const usable = (table: Edit['table'], value: number): Edit => ({
      table,
      field: HEADER.lastUsable,
      value: BigInt(value),
    });
    const found = (...edits: readonly Edit[]): unknown =>
      read(diskOf({ sectorSize: 512, edits, sealed: true, lengthened: 0 }))?.table;
    expect(found(usable('primary', SECTORS - 1))).toBe('primary');
    expect(found(usable('primary', SECTORS))).toBe('backup');
    expect(found(usable('primary', SECTORS), usable('backup', SECTORS + 5))).toBe('truncated');
  });

  test('on a disk of sectors of 4096 bytes passes over the table of an earlier life with 512', () => {
    const edits: readonly Edit[] = [{ table: 'primary', field: ENTRY.type, entry: 0, value: 0n }];
    const wish = { edits: [], sealed: true, lengthened: 0 };
    const earlier = new Uint8Array(2048);
    diskOf({ ...wish, sectorSize: 512 }).read(0, earlier);
    const bytes = new Uint8Array(SECTORS * 4096);
    diskOf({ ...wish, edits, sectorSize: 4096 }).read(0, bytes);
    bytes.set(earlier);
    const disk = new MemoryDevice(bytes.length, { sectorSize: 4096 });
    disk.write(0, bytes);
    expect(read(disk)?.partitions).toMatchObject([{ number: 2, offset: 20 * 4096 }, { number: 3 }]);
  });

  test('passes over a partition that reaches beyond its disk, as Linux does', () => {
    const last = (value: number): Edit => ({
      table: 'primary',
      field: ENTRY.lastLba,
      entry: 2,
      value: BigInt(value),
    });
    expect(numbers([last(SECTORS - 1)])).toEqual([1, 2, 3]);
    expect(numbers([last(SECTORS)])).toEqual([1, 2]);
    expect(numbers([{ table: 'primary', field: HEADER.lastUsable, value: 30n }], -30 * 512)).toEqual([1, 2]);
  });
});
