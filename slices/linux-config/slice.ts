/**
 * The kernel's configuration, a slice of its own: `allnoconfig` plus what board, profile and slices ask for. Its `dev`
 * output is one file, `/needs/linux-config/config`. A demand that changes nothing in it builds no kernel.
 */
import { defineSlice } from '@cocon-os/engine';

import { LINUX_VERSION, linuxTree } from '../linux/tree.ts';
import { kernelMake, KERNEL_PACKAGES } from '../linux/make.ts';

/** Configuring reads Kconfig files, and compiles programs of its own in scripts/ alone. */
const NOT_COMPILED = [
  'arch',
  'block',
  'crypto',
  'drivers',
  'fs',
  'io_uring',
  'kernel',
  'lib',
  'mm',
  'net',
  'samples',
  'security',
  'sound',
  'tools',
  'virt',
];

export const linuxConfig = defineSlice({
  name: 'linux-config',
  version: LINUX_VERSION,
  license: 'GPL-2.0-only WITH Linux-syscall-note',
  summary: "The kernel's configuration",
  source: linuxTree([...NOT_COMPILED.map((name) => `${name}/*.[chS]`), 'arch/*.dts*']),
  packages: KERNEL_PACKAGES,
  build: (context) => ({
    kind: 'steps',
    inputs: { fragment: context.kernelFragment() },
    steps: [
      {
        name: 'configure',
        script: `
KCONFIG_ALLCONFIG=/inputs/fragment ${kernelMake(context.target)} -s allnoconfig
cp source/.config /out/config
`,
      },
    ],
  }),
  outputs: { dev: ['config'] },
});
