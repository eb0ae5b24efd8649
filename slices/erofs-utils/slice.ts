/**
 * erofs-utils for the machine that builds: it makes, checks and dumps the root file system, with lz4, zstd and MicroLZMA.
 * Linked statically, so that it runs wherever the cache is carried.
 */
import { defineSlice } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';

export const erofsUtils = defineSlice({
  name: 'erofs-utils',
  version: '1.8.6',
  license: 'GPL-2.0-or-later',
  summary: 'Makes and checks EROFS, on the host',
  runsOn: 'host',
  source: debianSource({
    package: 'erofs-utils',
    version: '1.8.6-1',
    upstream: {
      name: 'erofs-utils_1.8.6.orig.tar.gz',
      sha256: '5b221dc3fd6d151425b30534ede46fb7a90dc233a8659cba0372796b0a066547',
    },
    debian: {
      name: 'erofs-utils_1.8.6-1.debian.tar.xz',
      sha256: 'cdcc6606d492b03fe306177726c72c338b954f266d5e15e63a21db1cadeea799',
    },
    // Debian has no patches for this version.
    patched: false,
  }),
  packages: [
    'autoconf',
    'automake',
    'liblz4-dev',
    'liblzma-dev',
    'libtool',
    'libzstd-dev',
    'pkgconf',
    'uuid-dev',
    'zlib1g-dev',
  ],
  build: () => ({
    kind: 'steps',
    steps: [
      {
        name: 'configure',
        script: `
cd source
autoreconf --force --install
./configure --disable-fuse --enable-lz4 --enable-lzma --with-libzstd --without-selinux --without-libdeflate \\
  CFLAGS='-O2 -g0' PKG_CONFIG='pkg-config --static'
`,
      },
      { name: 'compile', script: 'make -C source -j"$(nproc)" LDFLAGS=-all-static' },
      {
        name: 'install',
        script: `
make -C source install-exec DESTDIR=/build/stage prefix=/
mkdir /out/bin
cp stage/bin/mkfs.erofs stage/bin/dump.erofs stage/bin/fsck.erofs /out/bin/
strip /out/bin/*
`,
      },
    ],
  }),
  outputs: { tool: [''] },
});
