/** Disks whose primary partition table is lost behind a firmware that does not put it back (EDK II does). */
import { join } from 'node:path';

import { makeScratch } from '@cocon-os/qemu';

import { mtools } from './loader-disk.ts';
import { ROOT } from '../support/releases.ts';

/** Overwrites the table after the firmware has read it and starts the loader (bootloader/efi/examples). */
const WIPE_TABLE = join(ROOT, 'target/x86_64-unknown-uefi/boot/examples/wipe_table.efi');
const DEFAULT_LOADER = '::/EFI/BOOT/BOOTX64.EFI';
const LOADER = '::/EFI/LOADER.EFI';

/** From now on each boot of the disk finds its table lost. The EFI system partition begins at byte `espOffset`. */
export function loseTableAtEachBoot(disk: string, espOffset: number): void {
  using scratch = makeScratch('lost-table');
  const loader = scratch.file('loader.efi');
  const mcopy = (from: string, to: string): void =>
    mtools('mcopy', ['-o', '-i', `${disk}@@${espOffset}`, from, to]);
  mcopy(DEFAULT_LOADER, loader);
  mcopy(loader, LOADER);
  mcopy(WIPE_TABLE, DEFAULT_LOADER);
}
