/**
 * erofs-utils for the machine that builds: it makes, checks and dumps the root file system, with lz4, zstd and MicroLZMA.
 * Linked statically, so that it runs wherever the cache is carried.
 */
import { join } from 'node:path';

import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

export const erofsUtils = defineSlice({
  name: 'erofs-utils',
  version: pinnedVersion('erofs-utils'),
  license: 'GPL-2.0-or-later',
  summary: 'Makes and checks EROFS, on the host',
  runsOn: 'host',
  source: {
    // Debian has no patches for this version.
    ...pinnedSource('erofs-utils', { patched: false }),
    // Ours, until upstream has the like of it: time in proportion to the entries of a directory, not to their square.
    patches: [join(import.meta.dirname, 'directory-lookup.patch')],
  },
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
