/** Small disks for the loader's tests: an EFI system partition with the loader, and any number of SDFS partitions. */
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';

import { withTrustedKeys } from '@cocon-os/image-builder';
import type { Scratch } from '@cocon-os/qemu';
import { commit, mkfs, PARTITION_TYPE, Volume } from '@cocon-os/sdfs';
import { nodeCrypto, openVolumeDevice } from '@cocon-os/sdfs/node';

import { stageProbe, type ProbeRelease } from './probe-release.ts';
import { LOADER, type ReleaseKey } from '../support/releases.ts';

const MEBIBYTE = 2 ** 20;
const ESP_MIB = 8;
const VOLUME_MIB = 4;

/** UUID of the SDFS partition with this index, from 0. */
export function partitionUuid(index: number): string {
  return `00000000-0000-4000-8000-00000000000${String(index)}`;
}

/** What a disk is made of. */
export interface LoaderDiskOptions {
  readonly scratch: Scratch;
  /** File name. */
  readonly name: string;
  /** Keys that the loader trusts. */
  readonly keys: readonly ReleaseKey[];
  /** SDFS partitions, 1 when not given. */
  readonly volumes?: number;
  /** Bytes: 512 when not given. */
  readonly sectorSize?: 512 | 4096;
}

/** Makes the disk. Its volumes are formatted, three slots, and empty. Returns its path. */
export function makeLoaderDisk(options: LoaderDiskOptions): string {
  const { scratch, name, keys, volumes = 1, sectorSize = 512 } = options;
  const disk = scratch.file(`${name}.img`);
  writeFileSync(disk, '');
  truncateSync(disk, (ESP_MIB + volumes * VOLUME_MIB + 2) * MEBIBYTE);
  const sectors = (mebibytes: number): number => (mebibytes * MEBIBYTE) / sectorSize;
  const partitions = Array.from({ length: volumes }, (_, index) => {
    const start = sectors(1 + ESP_MIB + index * VOLUME_MIB);
    return `start=${start}, size=${sectors(VOLUME_MIB)}, type=${PARTITION_TYPE}, uuid=${partitionUuid(index)}`;
  });
  const table = ['label: gpt', `start=${sectors(1)}, size=${sectors(ESP_MIB)}, type=uefi`, ...partitions];
  const script = scratch.file(`${name}.sfdisk`);
  writeFileSync(script, `${table.join('\n')}\n`);
  // sfdisk of Debian 12 knows sectors of 512 bytes only; fdisk takes its scripts and knows others.
  execFileSync('fdisk', ['-b', String(sectorSize), disk], { input: `I\n${script}\nw\n`, stdio: 'pipe' });

  const loader = scratch.file(`${name}.efi`);
  writeFileSync(
    loader,
    withTrustedKeys(
      readFileSync(LOADER),
      keys.map((key) => key.publicKey),
      LOADER,
    ),
  );
  const esp = `${disk}@@1M`;
  mtools('mformat', [
    '-i',
    esp,
    '-M',
    String(sectorSize),
    '-T',
    String(sectors(ESP_MIB)),
    '-h',
    '16',
    '-s',
    '32',
    '::',
  ]);
  mtools('mmd', ['-i', esp, '::/EFI', '::/EFI/BOOT']);
  mtools('mcopy', ['-i', esp, loader, '::/EFI/BOOT/BOOTX64.EFI']);

  for (let index = 0; index < volumes; index += 1) {
    const { device } = openVolumeDevice(disk, 'write', { partition: index + 2 });
    mkfs(device, { slots: 3, groupBlocks: 16, ringRecords: 4, uuid: partitionUuid(index) }, nodeCrypto);
    device.close();
  }
  return disk;
}

/** Opens a disk's volume, hands it over and closes it. `index` counts the SDFS partitions from 0. */
export function withVolume<Result>(disk: string, use: (volume: Volume) => Result, index: number = 0): Result {
  const { device } = openVolumeDevice(disk, 'write', { partition: index + 2 });
  try {
    return use(Volume.open(device));
  } finally {
    device.close();
  }
}

/** Which volume of a disk is filled, and how. */
export interface InstallOptions {
  /** So many of the last releases stay on trial; 0 when not given. */
  readonly trials?: number;
  /** Counts the SDFS partitions from 0, which is also what is taken when it is not given. */
  readonly volume?: number;
}

/** Stages releases into slots 0, 1, …; all but the last `trials` are confirmed. */
export function install(
  disk: string,
  releases: readonly ProbeRelease[],
  { trials = 0, volume: index = 0 }: InstallOptions = {},
): void {
  const fill = (volume: Volume): void => {
    for (const [number, release] of releases.entries()) {
      const slot = stageProbe(volume, release);
      if (number < releases.length - trials) commit(volume, slot);
    }
  };
  withVolume(disk, fill, index);
}

/** Runs a program of mtools on a file system that need not fit the geometries of floppies. */
export function mtools(program: string, args: readonly string[]): void {
  execFileSync(program, [...args], { env: { ...process.env, MTOOLS_SKIP_CHECK: '1' } });
}
