/**
 * Puts the copies of a disk's partition table where firmware looks (FORMAT.md §12), partitions untouched. Power may fail at each
 * write: the copy that counts is not written before the other one is whole, and every step ends in a flush.
 */
import { formatBytes } from '@cocon-os/cli';

import type { BlockDevice } from '../block-device.ts';
import { SdfsError } from '../errors.ts';
import { PARTITION_TYPE } from '../format.ts';
import { fixedVhd } from '../identify.ts';
import { readTables, type DiskTables } from './disk-tables.ts';
import {
  entryBlocks,
  headerAt,
  partitionsOf,
  readTable,
  saySame,
  type GptTable,
  type TablePlace,
} from './table.ts';

/** A copy that was written. */
export type WrittenCopy = 'primary' | 'backup';

/** What may be written. `backup`: nothing in the first erase group, with which a disk would be lost as a whole. */
export type RepairScope = 'backup' | 'both';

interface PlannedCopy {
  readonly copy: WrittenCopy;
  readonly place: TablePlace;
  /** Whether the entries are there already. */
  readonly hasEntries: boolean;
}

const PRIMARY_SECTOR = 1;
/** Behind the header (UEFI 2.10 §5.3.1). */
const PRIMARY_ENTRIES = 2;

/**
 * The copies that {@link repairTables} would write, in that order; none where nothing has to be done.
 *
 * Throws `NO_PARTITION_TABLE`, `NO_SDFS_PARTITION` for a disk that is not ours, `DISK_TRUNCATED` where a partition reaches
 * beyond the disk or leaves no room behind it, `FOREIGN_FORMAT` and `SECTOR_SIZE_MISFIT`.
 */
export function plannedRepair(device: BlockDevice, scope: RepairScope): readonly WrittenCopy[] {
  return plan(device, scope).steps.map(({ copy }) => copy);
}

/**
 * Mends the tables of the disk `device` and returns the copies that it wrote. Where nothing has to be done nothing is written; sector
 * 0 never is. Throws what {@link plannedRepair} throws, and `SDFS_IO` when a copy does not read back as it was written.
 */
export function repairTables(device: BlockDevice, scope: RepairScope): readonly WrittenCopy[] {
  const { counted, steps } = plan(device, scope);
  for (const { place, hasEntries } of steps) {
    if (!hasEntries) {
      device.write(place.entriesSector * counted.sectorSize, entryBlocks(counted));
      device.flush();
    }
    device.write(place.sector * counted.sectorSize, headerAt(counted, place));
    device.flush();
  }
  if (steps.length > 0) device.dropCaches();
  for (const { copy, place } of steps) {
    const found = readTable(device, counted.sectorSize, place.sector);
    if (found !== undefined && saySame(found, counted)) continue;
    throw cannot(device, 'SDFS_IO', `the ${copy} does not read back as it was written`, {
      hint: 'The disk is failing: replace it.',
    });
  }
  return steps.map(({ copy }) => copy);
}

function plan(
  device: BlockDevice,
  scope: RepairScope,
): { readonly counted: GptTable; readonly steps: readonly PlannedCopy[] } {
  const tables = readTables(device);
  if (tables === undefined) {
    throw cannot(device, 'NO_PARTITION_TABLE', 'it has none, neither in front nor where a backup would be', {
      hint: 'Name the whole disk, or write the image to it again.',
    });
  }
  assertOurs(device, tables);
  return { counted: tables.counted, steps: planCopies(device, tables, scope) };
}

function planCopies(device: BlockDevice, tables: DiskTables, scope: RepairScope): readonly PlannedCopy[] {
  const { counted, table, backup: found, sectors } = tables;
  // A backup without a primary would lie over the only copy where both overlap.
  if (table === 'displaced' && scope === 'backup') return [];
  const last = sectors - 1;
  const named = table === 'primary' && counted.alternate === last;
  const behind = last - counted.entriesSectors;
  const lastUsable = named ? Math.min(counted.lastUsable, behind - 1) : behind - 1;
  // Of a primary that is going to name it, the backup has to begin where that says that partitions end.
  const fits = scope === 'backup' || table === 'backup' || named || found?.entriesSector === behind;
  const hasBackup = found !== undefined && saySame(counted, found) && found.lastUsable < sectors && fits;
  // Which a primary of a larger disk may have, with a backup that fits.
  const hasPrimary = table === 'primary' && (scope === 'backup' || (named && counted.lastUsable < sectors));
  const shared = scope === 'backup' && !hasBackup ? sharedEntries(device, tables, behind) : undefined;
  const backup: PlannedCopy = {
    copy: 'backup',
    place: {
      sector: last,
      alternate: PRIMARY_SECTOR,
      entriesSector: shared?.entriesSector ?? behind,
      lastUsable: shared?.lastUsable ?? lastUsable,
    },
    hasEntries: shared !== undefined,
  };
  const inFront = table === 'primary';
  const primary: PlannedCopy = {
    copy: 'primary',
    place: {
      sector: PRIMARY_SECTOR,
      alternate: last,
      entriesSector: inFront ? counted.entriesSector : PRIMARY_ENTRIES,
      lastUsable: found !== undefined && table === 'backup' ? found.lastUsable : lastUsable,
    },
    hasEntries: inFront,
  };
  const steps = [...(hasBackup ? [] : [backup]), ...(hasPrimary || scope === 'backup' ? [] : [primary])];
  if (steps.length > 0) assertRoom(device, tables, shared === undefined && !hasBackup ? behind : last);
  // What lies elsewhere may lie where the backup is going to: the primary has to be whole before.
  return table === 'displaced' ? steps.toReversed() : steps;
}

/**
 * The earlier backup, where a new one would lie over it in part. Firmware that finds the backup that the primary names
 * damaged writes it anew, so each would go on to overwrite the other; with entries that both point at nobody has to.
 */
function sharedEntries(device: BlockDevice, tables: DiskTables, behind: number): GptTable | undefined {
  const { counted, sectors } = tables;
  const { alternate } = counted;
  if (alternate < behind || alternate >= sectors - 1) return undefined;
  const earlier = readTable(device, counted.sectorSize, alternate);
  return earlier !== undefined && saySame(earlier, counted) ? earlier : undefined;
}

function assertOurs(device: BlockDevice, { partitions, cut, counted }: DiskTables): void {
  if (![...partitions, ...cut].some(({ type }) => type === PARTITION_TYPE)) {
    throw cannot(device, 'NO_SDFS_PARTITION', `none of its partitions has the type ${PARTITION_TYPE}`, {
      hint: 'This is for disks with an SDFS volume; sgdisk -e moves the backup of any table.',
    });
  }
  const vhd = fixedVhd(device);
  if (vhd !== undefined) {
    throw cannot(device, 'FOREIGN_FORMAT', `this is ${vhd.name}, whose footer is in the last sector`, {
      hint: vhd.hint,
    });
  }
  if (device.sectorSize > counted.sectorSize) {
    throw cannot(
      device,
      'SECTOR_SIZE_MISFIT',
      `it counts in sectors of ${counted.sectorSize} bytes, the disk has sectors of ${device.sectorSize}`,
      { hint: 'Write the image to a disk with sectors of 512 bytes.' },
    );
  }
}

/** `end` is the first sector that no partition may have. */
function assertRoom(device: BlockDevice, { counted, table }: DiskTables, end: number): void {
  const { sectorSize, firstUsable, entriesSectors } = counted;
  const limit = end * sectorSize;
  for (const { number, name, offset, sizeBytes } of partitionsOf(counted)) {
    const over = offset + sizeBytes - limit;
    if (over <= 0) continue;
    throw cannot(
      device,
      'DISK_TRUNCATED',
      `partition ${number} (${name}) ends ${formatBytes(over)} behind the place where the backup has to begin`,
      { hint: 'The disk is too small for its image: write the image to a larger one.' },
    );
  }
  if (table !== 'primary' && PRIMARY_ENTRIES + entriesSectors > firstUsable) {
    throw cannot(
      device,
      'DISK_TRUNCATED',
      `there is no room in front of its first usable sector, ${firstUsable}`,
      { hint: 'A partition tool can write it: open the disk with fdisk and give the command w.' },
    );
  }
}

function cannot(
  device: BlockDevice,
  code:
    | 'NO_PARTITION_TABLE'
    | 'NO_SDFS_PARTITION'
    | 'FOREIGN_FORMAT'
    | 'SECTOR_SIZE_MISFIT'
    | 'DISK_TRUNCATED'
    | 'SDFS_IO',
  fault: string,
  details: { readonly hint: string },
): SdfsError {
  return new SdfsError(code, `Cannot mend the partition table of "${device.name}": ${fault}`, details);
}
