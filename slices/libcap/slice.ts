/** libcap, by which a program gives up and hands on capabilities. For static linking, from `/needs/libcap`. */
import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { SMALL, tools } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

export const libcap = defineSlice({
  name: 'libcap',
  version: pinnedVersion('libcap2'),
  license: 'BSD-3-Clause OR GPL-2.0-only',
  summary: 'Capabilities of processes, for static linking',
  source: pinnedSource('libcap2', {
    patched: true,
  }),
  needs: [musl, linuxHeaders],
  build: ({ target }) => {
    // Its thread part (libpsx) is for Go and for nothing of ours. Without gperf, names are looked up one after the other.
    const make = `make -C source/libcap ${tools(target)} BUILD_CC=gcc COPTS='${SMALL}' PTHREADS=no SHARED=no USE_GPERF=no prefix=/ lib=lib`;
    return {
      kind: 'steps',
      steps: [
        { name: 'compile', script: `${make} libcap.a` },
        { name: 'install', script: `${make} install-static-cap FAKEROOT=/out` },
      ],
    };
  },
  outputs: { dev: ['include', 'lib/libcap.a'] },
});
