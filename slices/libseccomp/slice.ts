/** libseccomp, which makes filters of system calls. For static linking, from `/needs/libseccomp`. */
import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, SMALL } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

export const libseccomp = defineSlice({
  name: 'libseccomp',
  version: pinnedVersion('libseccomp'),
  license: 'LGPL-2.1-only',
  summary: 'Filters of system calls, for static linking',
  source: pinnedSource('libseccomp', {
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
