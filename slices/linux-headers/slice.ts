/** The kernel's interface to programs, as C headers. Its `dev` output is used from `/needs/linux-headers`. */
import { defineSlice } from '@cocon-os/engine';

import { LINUX_VERSION, linuxTree } from '../linux/tree.ts';

export const linuxHeaders = defineSlice({
  name: 'linux-headers',
  version: LINUX_VERSION,
  license: 'GPL-2.0-only WITH Linux-syscall-note',
  summary: 'Kernel headers for programs',
  source: linuxTree(['drivers/*', 'fs/*', 'net/*.c', 'kernel/*.c', 'mm/*', 'sound/*.c', 'arch/*.dts*']),
  packages: ['rsync'],
  build: ({ target }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'install',
        script: `make -C source -s ARCH=${target.linux} headers_install INSTALL_HDR_PATH=/out`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
