/** libcap, by which a program gives up and hands on capabilities. For static linking, from `/needs/libcap`. */
import { linuxHeaders } from '../linux-headers/slice.ts';
import { SMALL, tools } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';
import { defineSlice } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';

export const libcap = defineSlice({
  name: 'libcap',
  version: '2.75',
  license: 'BSD-3-Clause OR GPL-2.0-only',
  summary: 'Capabilities of processes, for static linking',
  source: debianSource({
    package: 'libcap2',
    version: '1:2.75-10+deb13u1',
    upstream: {
      name: 'libcap2_2.75.orig.tar.xz',
      sha256: 'de4e7e064c9ba451d5234dd46e897d7c71c96a9ebf9a0c445bc04f4742d83632',
    },
    debian: {
      name: 'libcap2_2.75-10+deb13u1.debian.tar.xz',
      sha256: 'd375de2f743f112835fc0eef2a9c305c1109371954cf53e109b7f046fe58c1bc',
    },
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
