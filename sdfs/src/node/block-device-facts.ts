/** What Linux says about a block device in /sys/dev/block: by its number, so whatever name it was opened by. */
import { readFileSync, statSync } from 'node:fs';

import { SdfsError } from '../errors.ts';

const SYS = '/sys/dev/block';
/** Linux counts sizes and places in these whatever the device's sectors are. */
const SYS_SECTOR = 512;

/** A block device, or a partition of one. */
export interface BlockDeviceFacts {
  readonly sizeBytes: number;
  /** Smallest unit that the device writes, in bytes. */
  readonly sectorSize: number;
  /** Where it begins on its disk, in bytes; 0 of a whole disk. */
  readonly startBytes: number;
  /** The whole disk: itself, or the one that it is a partition of. */
  readonly disk: {
    /** Its node, for example `/dev/vda`. */
    readonly path: string;
    /** As `major:minor`. */
    readonly number: string;
    /** The file that a loop device shows, when it has a name. */
    readonly backingFile: string | undefined;
  };
}

/** The facts about the device with the number `rdev` (stat(2)). Throws `SDFS_IO` where /sys does not tell. */
export function blockDeviceFacts(rdev: number, sys = SYS): BlockDeviceFacts {
  const folder = `${sys}/${deviceNumber(rdev)}`;
  const isPartition = statSync(`${folder}/partition`, { throwIfNoEntry: false }) !== undefined;
  const disk = isPartition ? `${folder}/..` : folder;
  const name = /^DEVNAME=(.+)$/m.exec(read(`${disk}/uevent`))?.[1] ?? '';
  return {
    sizeBytes: Number(read(`${folder}/size`)) * SYS_SECTOR,
    sectorSize: Number(read(`${disk}/queue/logical_block_size`)),
    startBytes: isPartition ? Number(read(`${folder}/start`)) * SYS_SECTOR : 0,
    disk: { path: `/dev/${name}`, number: read(`${disk}/dev`), backingFile: backingFile(disk) },
  };
}

/** `major:minor`, by the encoding of dev_t in user space (makedev(3)). */
export function deviceNumber(rdev: number): string {
  const major = Math.floor(rdev / 2 ** 8) % 2 ** 12;
  const minor = (rdev % 2 ** 8) + Math.floor(rdev / 2 ** 20) * 2 ** 8;
  return `${major}:${minor}`;
}

/** Names end where the kernel's line does; of a file that was deleted nobody else can open the name. */
function backingFile(disk: string): string | undefined {
  const path = `${disk}/loop/backing_file`;
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : read(path);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '');
  } catch (cause) {
    throw new SdfsError('SDFS_IO', `Cannot open the block device: ${path} cannot be read`, {
      hint: 'Is /sys mounted?',
      cause,
    });
  }
}
