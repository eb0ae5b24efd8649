/** What `status` says about the partition tables of a volume's disk. */
import { checkTables, isSdfsError, readTables, type BlockDevice, type DiskTables } from '@cocon-os/sdfs';

import type { Platform } from './platform.ts';
import type { StatusWarning } from './status-schema.ts';

/** Of a disk that is open; `tables` is `undefined` where the volume is no partition. */
export function tableWarnings(disk: BlockDevice, tables: DiskTables | undefined): readonly StatusWarning[] {
  if (tables === undefined) return [];
  return checkTables(disk, tables).flatMap(({ code, severity, message, hint }) =>
    // What disturbs nobody but partition tools is left to sdfs fsck.
    severity === 'note' || code === 'BACKUP_TABLE_UNNAMED' ? [] : [{ code, message, hint }],
  );
}

/** Of the disk that this machine runs from. One that cannot be read keeps nobody from the status of the volume. */
export function ownTableWarnings(platform: Platform, path: string): readonly StatusWarning[] {
  try {
    const disk = platform.openDevice(path, 'read');
    try {
      return tableWarnings(disk, readTables(disk));
    } finally {
      disk.close();
    }
  } catch (thrown) {
    if (isSdfsError(thrown)) return [];
    throw thrown;
  }
}
