/** Disks in memory that carry an image of ours, and what firmware makes of their partition tables. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import {
  BLOCK_SIZE,
  locateVolume,
  MemoryDevice,
  mkfs,
  PARTITION_TYPE,
  type BlockDevice,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

const MIB = 2 ** 20;
const ESP_TYPE = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const HEADER_BYTES = 92;

/** The bytes of an image of 8 MiB with an EFI system partition, a volume of 4 MiB and 1 MiB of data. */
export function imageOf(sectorSize: 512 | 4096, folder: string): Uint8Array {
  const path = join(folder, `image-${sectorSize}`);
  const file = openSync(path, 'w');
  ftruncateSync(file, 8 * MIB);
  closeSync(file);
  const at = (mebibytes: number): number => (mebibytes * MIB) / sectorSize;
  const rows = [
    'label: gpt',
    `start=${at(1)}, size=${at(1)}, type=${ESP_TYPE}`,
    `start=${at(2)}, size=${at(4)}, type=${PARTITION_TYPE}`,
    `start=${at(6)}, size=${at(1)}, type=linux, name="cocon-data"`,
  ];
  writeFileSync(`${path}.sfdisk`, `${rows.join('\n')}\n`);
  // sfdisk of Debian 12 knows sectors of 512 bytes only.
  execFileSync('fdisk', ['-b', String(sectorSize), path], {
    input: `I\n${path}.sfdisk\nw\n`,
    stdio: 'pipe',
  });
  const bytes = new Uint8Array(readFileSync(path));
  const disk = new MemoryDevice(bytes.length, { sectorSize });
  disk.write(0, bytes);
  mkfs(locateVolume(disk).device, { slots: 3, groupBlocks: 16, ringRecords: 4 }, nodeCrypto);
  disk.read(0, bytes);
  return bytes;
}

/** A disk that is `more` bytes larger than the image that was written to it. */
export function diskWith(image: Uint8Array, more: number, sectorSize: number): MemoryDevice {
  const disk = new MemoryDevice(image.length + more, { sectorSize });
  // Blocks of zeros take no space, so that copies are cheap.
  for (let at = 0; at < Math.min(image.length, disk.sizeBytes); at += BLOCK_SIZE) {
    const block = image.subarray(at, Math.min(at + BLOCK_SIZE, disk.sizeBytes));
    if (block.some((byte) => byte !== 0)) disk.write(at, block);
  }
  return disk;
}

/** Overwrites the primary table. */
export function losePrimary(disk: BlockDevice, sectorSize: number): void {
  disk.write(sectorSize, new Uint8Array(Math.ceil(16_384 / sectorSize + 1) * sectorSize));
}

/** A partition table as a firmware reads it. */
interface Seen {
  readonly myLba: number;
  readonly alternate: number;
  readonly lastUsable: number;
  readonly header: Buffer;
  readonly entries: Buffer;
}

/**
 * What EDK II does with a disk's tables when it finds it (MdeModulePkg, Partition.c, edk2-stable202211): the primary one counts, else the one in
 * the last sector; the other one, where the first says that it is, is written anew when it does not hold. Returns the
 * entries that count, and whether anything was written.
 */
export function startFirmware(
  disk: BlockDevice,
  sectorSize: number,
): { readonly entries: string | undefined; readonly wrote: boolean } {
  const last = Math.floor(disk.sizeBytes / sectorSize) - 1;
  const primary = seen(disk, sectorSize, 1);
  const counted = primary ?? seen(disk, sectorSize, last);
  if (counted === undefined) return { entries: undefined, wrote: false };
  const wrote = seen(disk, sectorSize, counted.alternate) === undefined && restore(disk, sectorSize, counted);
  return { entries: counted.entries.toString('hex'), wrote };
}

function seen(disk: BlockDevice, sectorSize: number, lba: number): Seen | undefined {
  if (lba < 1 || (lba + 1) * sectorSize > disk.sizeBytes) return undefined;
  const block = Buffer.alloc(sectorSize);
  disk.read(lba * sectorSize, block);
  const header = block.subarray(0, HEADER_BYTES);
  const crc = header.readUInt32LE(16);
  const plain = Buffer.from(header);
  plain.writeUInt32LE(0, 16);
  if (header.toString('latin1', 0, 8) !== 'EFI PART' || crc32(plain) !== crc) return undefined;
  if (Number(header.readBigUInt64LE(24)) !== lba) return undefined;
  const entries = Buffer.alloc(header.readUInt32LE(80) * header.readUInt32LE(84));
  disk.read(Number(header.readBigUInt64LE(72)) * sectorSize, entries);
  if (crc32(entries) !== header.readUInt32LE(88)) return undefined;
  const [alternate, lastUsable] = [header.readBigUInt64LE(32), header.readBigUInt64LE(48)].map(Number);
  return { myLba: lba, alternate: alternate ?? 0, lastUsable: lastUsable ?? 0, header: plain, entries };
}

/** PartitionRestoreGptTable: the header first, and where that cannot be written nothing. */
function restore(disk: BlockDevice, sectorSize: number, from: Seen): boolean {
  if ((from.alternate + 1) * sectorSize > disk.sizeBytes) return false;
  const entriesLba = from.myLba === 1 ? from.lastUsable + 1 : 2;
  const block = Buffer.alloc(sectorSize);
  from.header.copy(block);
  block.writeBigUInt64LE(BigInt(from.alternate), 24);
  block.writeBigUInt64LE(BigInt(from.myLba), 32);
  block.writeBigUInt64LE(BigInt(entriesLba), 72);
  block.writeUInt32LE(crc32(block.subarray(0, HEADER_BYTES)), 16);
  disk.write(from.alternate * sectorSize, block);
  disk.write(entriesLba * sectorSize, from.entries);
  return true;
}
