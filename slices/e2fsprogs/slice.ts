/** The two programs of e2fsprogs that a device with a data partition needs: mke2fs makes its file system, e2fsck mends it. */
import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, SMALL, STATIC } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

/** musl's lseek takes 64 bits everywhere. Where a long has 32, libblkid wants a function called lseek64 or makes a system call of its own. */
const LONG_SEEKS = { cache: ' ac_cv_func_lseek64=yes', flags: ' -Dlseek64=lseek' };

export const e2fsprogs = defineSlice({
  name: 'e2fsprogs',
  version: pinnedVersion('e2fsprogs'),
  license: 'GPL-2.0-only AND LGPL-2.0-only AND BSD-3-Clause AND MIT',
  summary: 'Makes and checks ext4',
  source: pinnedSource('e2fsprogs', {
    patched: true,
  }),
  needs: [musl, linuxHeaders],
  kernel: (k) => [k.EXT4_FS],
  build: ({ target }) => {
    const { cache, flags } = target.name === 'armv7' ? LONG_SEEKS : { cache: '', flags: '' };
    return {
      kind: 'steps',
      steps: [
        {
          name: 'configure',
          script: `
cd source
${configure(target)}${cache} --enable-libuuid --enable-libblkid --disable-nls --disable-backtrace --disable-debugfs \\
  --disable-imager --disable-resizer --disable-defrag --disable-uuidd --disable-mmp --disable-tdb --disable-bmap-stats \\
  --disable-fuse2fs --disable-testio-debug --without-libarchive --without-pthread \\
  CFLAGS='${SMALL}${flags}' LDFLAGS='${STATIC}' BUILD_CC=gcc BUILD_CFLAGS=-O1
`,
        },
        {
          name: 'compile',
          script: `
make -C source -j"$(nproc)" libs
make -C source/misc -j"$(nproc)" mke2fs
make -C source/e2fsck -j"$(nproc)" e2fsck
`,
        },
        {
          name: 'install',
          script: `
mkdir -p /out/sbin
cp source/misc/mke2fs source/e2fsck/e2fsck /out/sbin/
${target.triplet}-strip --strip-all /out/sbin/*
ln -s mke2fs /out/sbin/mkfs.ext4
ln -s e2fsck /out/sbin/fsck.ext4
`,
        },
      ],
    };
  },
  outputs: { runtime: [''] },
  budget: { size: '1.1 MiB' },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('truncate -s 8M /tmp/disk && mke2fs -q -t ext4 /tmp/disk && e2fsck -f -p /tmp/disk; rm /tmp/disk')
      .says(/^\/tmp\/disk: 12\/2048 files/m),
  ],
});
