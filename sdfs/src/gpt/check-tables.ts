/** What there is to say about the partition tables of a disk: what firmware, Linux or the next loss would make of them. */
import { formatBytes } from '@cocon-os/cli';

import type { BlockDevice } from '../block-device.ts';
import { fixedVhd } from '../identify.ts';
import type { DiskTables } from './disk-tables.ts';
import { partitionsOf, saySame, type GptPartition } from './table.ts';

/** The kinds of findings. */
export type TableFindingCode =
  | 'PARTITION_TABLE_LOST'
  | 'BACKUP_TABLE_MISPLACED'
  | 'BACKUP_TABLE_LOST'
  | 'BACKUP_TABLE_UNNAMED'
  | 'DISK_TRUNCATED'
  | 'SECTOR_SIZE_MISFIT';

/** One of them. */
export interface TableFinding {
  readonly code: TableFindingCode;
  /** An error keeps the disk from booting. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly hint: string;
}

/** Of the disk `device`, by its tables. */
export function checkTables(device: BlockDevice, tables: DiskTables): readonly TableFinding[] {
  const vhd = fixedVhd(device);
  if (vhd !== undefined) {
    return [
      {
        code: 'BACKUP_TABLE_MISPLACED',
        severity: 'warning',
        message: `this is ${vhd.name}: behind the disk lies a footer, where firmware would look for the backup of the partition table if it were written to a disk as it is`,
        hint: vhd.hint,
      },
    ];
  }
  return [...misfit(device, tables), ...truncation(device, tables), ...copies(device, tables)];
}

function misfit(device: BlockDevice, { counted }: DiskTables): readonly TableFinding[] {
  // An image file stands for 512 and may be of a disk with 4096.
  if (device.sectorSize <= counted.sectorSize) return [];
  return [
    {
      code: 'SECTOR_SIZE_MISFIT',
      severity: 'error',
      message: `the partition table counts in sectors of ${counted.sectorSize} bytes, the disk has sectors of ${device.sectorSize}: firmware and Linux find no partition`,
      hint: 'An image for sectors of 512 bytes boots from such disks only; write it to one.',
    },
  ];
}

function truncation(device: BlockDevice, tables: DiskTables): readonly TableFinding[] {
  const { counted, cut, missingSectors, sectors } = tables;
  if (!isTruncated(tables)) return [];
  const named = (tables.table === 'primary' ? counted.alternate : counted.lastUsable) + 1 - sectors;
  const short = Math.max(named * counted.sectorSize, ...cut.map((each) => beyond(device, each)));
  const lost = cut.map(
    (each) =>
      `partition ${each.number} (${each.name}) ends ${formatBytes(beyond(device, each))} beyond its end`,
  );
  const what = [
    `the disk is ${formatBytes(short)} shorter than its partition table says`,
    ...(lost.length === 0 ? ['every partition is whole'] : lost),
    missingSectors > 0
      ? 'Linux takes no such table, so nothing starts from it'
      : 'the backup of the table is cut off',
  ];
  const cause = 'The image was cut short, or the disk is too small for it.';
  const room = (sectors - 1 - counted.entriesSectors) * counted.sectorSize;
  const fits = partitionsOf(counted).every(({ offset, sizeBytes }) => offset + sizeBytes <= room);
  return [
    {
      code: 'DISK_TRUNCATED',
      severity: missingSectors > 0 || lost.length > 0 ? 'error' : 'warning',
      message: what.join('; '),
      hint: fits
        ? `${cause} Write it again, whole; or make the table fit: ${repairCommand(device)}`
        : `${cause} Write it again, whole, to a larger one.`,
    },
  ];
}

/** Whether the table counts on what is beyond the end of the disk: partitions, room for them, or its backup. */
function isTruncated({ table, counted, backup, cut, missingSectors, sectors }: DiskTables): boolean {
  const backupCutOff = table === 'primary' && backup === undefined && counted.alternate >= sectors;
  return missingSectors > 0 || cut.length > 0 || backupCutOff;
}

function copies(device: BlockDevice, tables: DiskTables): readonly TableFinding[] {
  const { table, counted, backup, primary, sectors } = tables;
  const hint = `Mend it: ${repairCommand(device)}`;
  const backupInPlace = backup !== undefined && saySame(counted, backup);
  const findings: TableFinding[] = [];
  if (table !== 'primary') {
    findings.push({
      code: 'PARTITION_TABLE_LOST',
      severity: table === 'displaced' ? 'error' : 'warning',
      message:
        table === 'displaced'
          ? 'the primary partition table is lost, and its backup is not in the last sector, where firmware looks: nothing starts from this disk'
          : primary === undefined
            ? 'the primary partition table is lost, and its backup is used'
            : 'the primary partition table is of a larger disk, and its backup is used',
      hint,
    });
  }
  // What is missing at the end of a disk that is too short has been told.
  if (isTruncated(tables) || backupInPlace) {
    if (backupInPlace && table === 'primary' && counted.alternate !== sectors - 1) {
      findings.push({
        code: 'BACKUP_TABLE_UNNAMED',
        severity: 'note',
        message: `the primary partition table names an earlier backup, in sector ${counted.alternate}; firmware finds the one in the last sector all the same`,
        hint: `Partition tools and Linux remark on it. Where that disturbs: ${repairCommand(device)}`,
      });
    }
    return findings;
  }
  const moved = counted.alternate !== sectors - 1 || table === 'displaced';
  const stale = backup === undefined ? '' : '; another one is there, of other partitions';
  findings.push({
    code: moved ? 'BACKUP_TABLE_MISPLACED' : 'BACKUP_TABLE_LOST',
    severity: 'warning',
    message: moved
      ? `the backup of the partition table is not in the last sector, where firmware looks once the primary is lost${stale}: the disk is larger than its image`
      : `the backup of the partition table is lost: the next loss is the last${stale}`,
    hint: `The first boot of a system with cocon-update mends it. So does: ${repairCommand(device)}`,
  });
  return findings;
}

function beyond(device: BlockDevice, { offset, sizeBytes }: GptPartition): number {
  return offset + sizeBytes - device.sizeBytes;
}

function repairCommand(device: BlockDevice): string {
  return `cocon-update repair --volume ${device.name}`;
}
