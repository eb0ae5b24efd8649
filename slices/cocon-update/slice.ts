/** The updater on the device: the static program that `native/device` builds, taken as it is. */
import { readFile } from 'node:fs/promises';

import { defineSlice, type Slice } from '../src/define-slice.ts';
import { demandsIn } from '../src/kernel/demands.ts';

/**
 * What booting from a slot takes: device-mapper puts its extents together and verifies them, and the kernel mounts the
 * outcome as root (SDFS FORMAT.md §9). And what writing the next one takes: `BLK_DEV_WRITE_MOUNTED`, since the partition
 * holds the running system too.
 */
export const coconUpdateDemands = demandsIn(`
  MD BLK_DEV_DM DM_INIT DM_VERITY CRYPTO CRYPTO_SHA256 CRYPTO_SHA256_SSSE3 MISC_FILESYSTEMS EROFS_FS
  EROFS_FS_XATTR EROFS_FS_SECURITY EROFS_FS_ZIP EROFS_FS_ZIP_LZMA EROFS_FS_ZIP_ZSTD BLK_DEV_WRITE_MOUNTED
  PARTITION_ADVANCED EFI_PARTITION EPOLL EVENTFD UNIX INET IPV6
`);

/** A slice of the program in the file `binary`. Its key is the file's hash. */
export async function coconUpdate(binary: string): Promise<Slice> {
  return defineSlice({
    name: 'cocon-update',
    version: '0.1.0',
    license: 'Apache-2.0',
    summary: 'Stages, commits and rolls back releases',
    kernel: coconUpdateDemands,
    build: {
      kind: 'entries',
      entries: [
        { type: 'file', path: 'usr/bin/cocon-update', mode: 0o755, contents: await readFile(binary) },
      ],
    },
    outputs: { runtime: [''] },
  });
}
