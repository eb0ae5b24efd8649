/** The kernel's interface to programs, as C headers. Its `dev` output is used from `/needs/linux-headers`. */
import { LINUX_VERSION, linuxSource } from '../linux/source.ts';
import { defineSlice } from '../src/define-slice.ts';

export const linuxHeaders = defineSlice({
  name: 'linux-headers',
  version: LINUX_VERSION,
  license: 'GPL-2.0-only WITH Linux-syscall-note',
  summary: 'Kernel headers for programs',
  source: {
    ...linuxSource,
    exclude: [...(linuxSource.exclude ?? []), '*/drivers/*', '*/fs/*', '*/net/*.c', '*/kernel/*.c', '*/mm/*'],
  },
  build: {
    kind: 'steps',
    hostPackages: ['rsync'],
    steps: [{ name: 'install', script: 'make -C source -s ARCH=x86 headers_install INSTALL_HDR_PATH=/out' }],
  },
  outputs: { dev: [''] },
});
