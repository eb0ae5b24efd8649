/**
 * argp, the parser of command lines that glibc has and musl has not, out of glibc's own source: crun is written for it.
 * glibc's copy and not gnulib's, which is under LGPL 3 and would bring that licence's terms into every device. For
 * static linking, from `/needs/argp`.
 */
import { defineSlice, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { SMALL, tools } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

/** Trees of glibc that are most of its files, and of which argp uses none. */
const NOT_USED =
  'benchtests elf iconvdata localedata manual math nptl po stdio-common string support sysdeps timezone wcsmbs';

/** What glibc's sources take for granted of glibc's headers, and how musl has it. */
const config = `#define _GNU_SOURCE 1
#define HAVE_CONFIG_H 1
#define HAVE_DECL_PROGRAM_INVOCATION_NAME 1
#define HAVE_DECL_STRERROR 1
#define __BEGIN_DECLS
#define __END_DECLS
#define __THROW
#define __NTH(function) function
#define __getopt_argv_const const
#define _GL_UNUSED __attribute__((unused))
#define __extern_inline extern inline
#define __vsnprintf_internal(to, size, format, list, flags) vsnprintf(to, size, format, list)
#include <stdint.h>
`;

/** The same for its users, who include argp.h alone. */
const header = `#ifndef __BEGIN_DECLS
# define __BEGIN_DECLS
# define __END_DECLS
#endif
#ifndef __THROW
# define __THROW
#endif
`;

export const argp = defineSlice({
  name: 'argp',
  version: pinnedVersion('glibc'),
  license: 'LGPL-2.1-or-later',
  summary: 'Parser of command lines, for static linking',
  source: pinnedSource('glibc', {
    // Debian's patches touch neither argp nor getopt.
    patched: false,
    exclude: NOT_USED.split(' ').map((name) => `*/${name}`),
  }),
  needs: [musl, linuxHeaders],
  build: ({ target }) => ({
    kind: 'steps',
    inputs: { 'config.h': config, 'gettext.h': '#define gettext(text) (text)\n', 'header.h': header },
    steps: [
      {
        name: 'compile',
        script: `
mkdir argp
cp source/argp/argp*.[ch] source/posix/getopt.c source/posix/getopt1.c source/posix/getopt_int.h argp/
cp /inputs/config.h /inputs/gettext.h argp/
{ cat /inputs/header.h; grep -v bits/floatn.h source/argp/argp.h; } >argp/argp.h
rm argp/argp-test.c
cd argp
${tools(target)}
for file in *.c; do
  "$CC" ${SMALL} -fgnu89-inline -I. -include config.h -c "$file"
done
"$AR" rcD libargp.a *.o
`,
      },
      {
        name: 'install',
        script: `
install -D -m 644 argp/libargp.a /out/lib/libargp.a
install -D -m 644 argp/argp.h /out/include/argp.h
`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
