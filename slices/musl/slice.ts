/**
 * musl, the C library that everything on the device is linked against, statically: it ships in no image. Its `dev`
 * output holds headers, static libraries and the `musl-gcc` wrapper around the target's compiler, for `/needs/musl`.
 */
import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

export const musl = defineSlice({
  name: 'musl',
  version: pinnedVersion('musl'),
  license: 'MIT',
  summary: 'C library, for static linking',
  source: pinnedSource('musl', {
    patched: true,
  }),
  build: ({ target: { triplet } }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'configure',
        script: `
cd source
./configure --target=${triplet} --prefix=/needs/musl --syslibdir=/needs/musl/lib --disable-shared --enable-wrapper=gcc \\
  CC=${triplet}-gcc CROSS_COMPILE=${triplet}- CFLAGS='-Os -pipe -g0 -ffunction-sections -fdata-sections'
`,
      },
      { name: 'compile', script: 'make -C source -j"$(nproc)"' },
      {
        name: 'install',
        script: 'make -C source install DESTDIR=/build/stage\ncp -a stage/needs/musl/. /out/',
      },
    ],
  }),
  outputs: { dev: [''] },
});
