/**
 * yajl, a reader and writer of JSON. For static linking, from `/needs/yajl`.
 *
 * Its last release is of 2014. crun's people keep a copy of it in crun's tree, with what has been mended since
 * (CVE-2022-24795, CVE-2023-33460), and that is the one that is built.
 */
import { defineSlice } from '@cocon-os/engine';

import { crunSource } from '../crun/source.ts';
import { linuxHeaders } from '../linux-headers/slice.ts';
import { SMALL, tools } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

export const yajl = defineSlice({
  name: 'yajl',
  version: '2.1.0',
  license: 'ISC',
  summary: 'Reads and writes JSON, for static linking',
  source: { ...crunSource, exclude: ['*/src/libcrun', '*/src/ocispec', '*/tests'] },
  needs: [musl, linuxHeaders],
  build: ({ target }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'compile',
        script: `
cd source/libocispec/yajl/src
${tools(target)}
for file in *.c; do
  "$CC" ${SMALL} -DNDEBUG -Iheaders -c "$file"
done
"$AR" rcD libyajl.a *.o
`,
      },
      {
        name: 'install',
        script: `
cd source/libocispec/yajl/src
install -D -m 644 -t /out/include/yajl headers/yajl/*.h
install -D -m 644 libyajl.a /out/lib/libyajl.a
`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
