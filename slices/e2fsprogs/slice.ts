/** The two programs of e2fsprogs that a device with a data partition needs: mke2fs makes its file system, e2fsck mends it. */
import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, SMALL, STATIC } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';
import { defineSlice } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';

/** musl's lseek takes 64 bits everywhere. Where a long has 32, libblkid wants a function called lseek64 or makes a system call of its own. */
const LONG_SEEKS = { cache: ' ac_cv_func_lseek64=yes', flags: ' -Dlseek64=lseek' };

export const e2fsprogs = defineSlice({
  name: 'e2fsprogs',
  version: '1.47.2',
  license: 'GPL-2.0-only AND LGPL-2.0-only AND BSD-3-Clause AND MIT',
  summary: 'Makes and checks ext4',
  source: debianSource({
    package: 'e2fsprogs',
    version: '1.47.2-3',
    upstream: {
      name: 'e2fsprogs_1.47.2.orig.tar.gz',
      sha256: '6dcd67ff9d8b13274ba3f088e4318be4f5b71412cd863524423fc49d39a6371f',
    },
    debian: {
      name: 'e2fsprogs_1.47.2-3.debian.tar.xz',
      sha256: '5517aae5ce5196e49fa314492f0639ad7a1692c9521d703b6c81acff77a1564e',
    },
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
