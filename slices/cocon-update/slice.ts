/** The updater on the device: the static program that `native/device` builds, taken as it is. */
import { join } from 'node:path';

import { REPOSITORY } from '../src/define/location.ts';
import { defineSlice, sliceInvalid, type Slice } from '../src/define/slice.ts';
import { localSource } from '../src/define/source.ts';

/** Where `npm run setup` leaves it. It is built for this one target. */
const BINARY = join(REPOSITORY, 'target/x86_64-unknown-linux-musl/device/cocon-update');

export const coconUpdate: Slice = defineSlice({
  name: 'cocon-update',
  version: '0.1.0',
  license: 'Apache-2.0',
  summary: 'Stages, commits and rolls back releases',
  source: localSource(BINARY, 'Run npm run setup, which builds it.'),
  /**
   * What booting from a slot takes: device-mapper puts its extents together and verifies them, and the kernel mounts the
   * outcome as root (SDFS FORMAT.md §9). And what writing the next one takes: `BLK_DEV_WRITE_MOUNTED`, since the partition
   * holds the running system too.
   */
  kernel: (k, { target }) => [
    k.BLOCK,
    k.BLK_DEV,
    k.MD,
    k.BLK_DEV_DM,
    k.DM_INIT,
    k.DM_VERITY,
    k.CRYPTO,
    k.CRYPTO_SHA256,
    ...(target.name === 'x86_64' ? [k.CRYPTO_SHA256_SSSE3] : []),
    k.MISC_FILESYSTEMS,
    k.EROFS_FS,
    k.EROFS_FS_XATTR,
    k.EROFS_FS_SECURITY,
    k.EROFS_FS_ZIP,
    k.EROFS_FS_ZIP_LZMA,
    k.EROFS_FS_ZIP_ZSTD,
    k.BLK_DEV_WRITE_MOUNTED,
    k.PARTITION_ADVANCED,
    k.EFI_PARTITION,
    k.EPOLL,
    k.EVENTFD,
    k.NET,
    k.UNIX,
    k.INET,
  ],
  build: ({ target }) => {
    if (target.name !== 'x86_64') {
      const what = `its program is built for x86_64 alone, not for ${target.name}`;
      throw sliceInvalid(
        coconUpdate,
        'build',
        what,
        'Leave it out, or teach native/device to build for that target.',
      );
    }
    return {
      kind: 'steps',
      steps: [{ name: 'install', script: 'install -D -m 755 source /out/usr/bin/cocon-update' }],
    };
  },
  outputs: { runtime: [''] },
  budget: { size: '1.5 MiB' },
  tests: ({ vm }) => [vm.boots().run('cocon-update status').says(/./)],
});
