/** libseccomp, which makes filters of system calls. For static linking, from `/needs/libseccomp`. */
import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, SMALL } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';
import { defineSlice } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';

export const libseccomp = defineSlice({
  name: 'libseccomp',
  version: '2.6.0',
  license: 'LGPL-2.1-only',
  summary: 'Filters of system calls, for static linking',
  source: debianSource({
    package: 'libseccomp',
    version: '2.6.0-2',
    upstream: {
      name: 'libseccomp_2.6.0.orig.tar.gz',
      sha256: '83b6085232d1588c379dc9b9cae47bb37407cf262e6e74993c61ba72d2a784dc',
    },
    debian: {
      name: 'libseccomp_2.6.0-2.debian.tar.xz',
      sha256: 'ed705ec85719403e77d004c99c0b06b795f090c66fcae265c4bcf37ffea9cc27',
    },
    patched: true,
  }),
  needs: [musl, linuxHeaders],
  packages: ['gperf'],
  build: ({ target }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'configure',
        script: `
cd source
${configure(target)} --disable-shared --disable-dependency-tracking CFLAGS='${SMALL}'
`,
      },
      {
        name: 'compile',
        script: `
make -C source/include
make -C source/src -j"$(nproc)" libseccomp.la
`,
      },
      {
        name: 'install',
        script: `
install -D -m 644 -t /out/include source/include/seccomp.h source/include/seccomp-syscalls.h
install -D -m 644 source/src/.libs/libseccomp.a /out/lib/libseccomp.a
`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
