/**
 * Reads what QEMU's `blklogwrites` driver has recorded: every write, discard and flush of a disk in order. The format is
 * that of Linux' dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { QemuError } from './errors.ts';

/** One request that reached the disk. */
export interface LoggedRequest {
  readonly kind: 'write' | 'flush' | 'discard';
  /** Bytes from the start of the disk. */
  readonly offset: number;
  /** Bytes; 0 for a flush. */
  readonly length: number;
  /** Place of a write's data in the log file, in bytes. */
  readonly dataOffset: number;
}

const MAGIC = 0x6a_73_66_77_73_68_72n;
const SUPERBLOCK_SIZE = 28;
const ENTRY_SIZE = 32;
const FLAG_FLUSH = 1n;
const FLAG_DISCARD = 4n;
/** The log counts in units of this size; it equals the sector size that its superblock states for QEMU's default. */
const MIN_SECTOR_SIZE = 512;

/** Reads a log whole. Throws `WRITE_LOG_INVALID`. */
export function readWriteLog(path: string): readonly LoggedRequest[] {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const superblock = readAt(file, 0, SUPERBLOCK_SIZE, path);
    const sectorSize = superblock.readUInt32LE(24);
    if (superblock.readBigUInt64LE(0) !== MAGIC || sectorSize < MIN_SECTOR_SIZE) {
      throw new QemuError(
        'WRITE_LOG_INVALID',
        `Cannot read write log "${path}": no superblock of dm-log-writes at byte 0`,
      );
    }
    const requests: LoggedRequest[] = [];
    // The superblock's count lags behind; an entry that was never written reads as zeros.
    for (let at = sectorSize; at + sectorSize <= size;) {
      const entry = readAt(file, at, ENTRY_SIZE, path);
      const sectors = Number(entry.readBigUInt64LE(8));
      const flags = entry.readBigUInt64LE(16);
      if (sectors === 0 && flags === 0n) break;
      const isDiscard = (flags & FLAG_DISCARD) !== 0n;
      const length = sectors * sectorSize;
      requests.push({
        kind: isDiscard ? 'discard' : sectors > 0 ? 'write' : 'flush',
        offset: Number(entry.readBigUInt64LE(0)) * sectorSize,
        length,
        dataOffset: at + sectorSize,
      });
      if (sectors > 0 && (flags & FLAG_FLUSH) !== 0n) {
        requests.push({ kind: 'flush', offset: 0, length: 0, dataOffset: at + sectorSize });
      }
      at += sectorSize + (isDiscard ? 0 : length);
    }
    return requests;
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, offset: number, length: number, path: string): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, offset) === length) return bytes;
  throw new QemuError(
    'WRITE_LOG_INVALID',
    `Cannot read write log "${path}": it ends within ${String(offset + length)} bytes`,
  );
}
