/**
 * musl, the C library that everything on the device is linked against, statically: it ships in no image. Its `dev`
 * output holds headers, static libraries and the `musl-gcc` wrapper around the target's compiler, for `/needs/musl`.
 */
import { defineSlice } from '../src/define/slice.ts';
import { debianSource } from '../src/define/source.ts';

export const musl = defineSlice({
  name: 'musl',
  version: '1.2.5',
  license: 'MIT',
  summary: 'C library, for static linking',
  source: debianSource({
    package: 'musl',
    version: '1.2.5-3.1~deb13u1',
    upstream: {
      name: 'musl_1.2.5.orig.tar.gz',
      sha256: 'a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4',
    },
    debian: {
      name: 'musl_1.2.5-3.1~deb13u1.debian.tar.xz',
      sha256: '46fdfb271edc2f035d8d4063ff2e299734409693e781e69e4b77e0a9a495072e',
    },
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
