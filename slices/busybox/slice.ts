/** busybox: the shell, init and all small tools of the device, one static program against our own musl. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { musl } from '../musl/slice.ts';
import { defineSlice } from '../src/define-slice.ts';
import { assertDemandsHold, demandsIn, fragmentOf, mergeDemands } from '../src/kernel/demands.ts';
import { busyboxDemands } from './applets.ts';

const configuration = mergeDemands([{ name: 'busybox', demands: busyboxDemands }]);

/** Its old Kconfig runs allnoconfig twice and forgets KCONFIG_ALLCONFIG, so the fragment replaces lines of the outcome. */
const configureScript = `
make -C source -s allnoconfig
cut -d= -f1 /inputs/fragment | sed 's/$/[= ]/' >symbols
grep -v -f symbols source/.config >config
cat config /inputs/fragment >source/.config
{ yes '' || true; } | make -C source -s oldconfig
`;

const make = `make -C source -j"$(nproc)" CC=/needs/musl/bin/musl-gcc HOSTCC=gcc EXTRA_CFLAGS='-idirafter /needs/linux-headers/include -g0'`;

export const busybox = defineSlice({
  name: 'busybox',
  version: '1.37.0',
  license: 'GPL-2.0-only',
  summary: 'Shell, init and small tools',
  source: {
    package: 'busybox',
    version: '1:1.37.0-6',
    upstream: {
      name: 'busybox_1.37.0.orig.tar.bz2',
      sha256: '3311dff32e746499f4df0d5df04d7eb396382d7e108bb9250e7b519b837043a4',
    },
    debian: {
      name: 'busybox_1.37.0-6.debian.tar.xz',
      sha256: '10b2cd64b41c26ae134e1cd6135b68575bbe79356c20985f35e32f32a1746c34',
    },
    patched: true,
  },
  needs: [musl, linuxHeaders],
  kernel: demandsIn(`
    BINFMT_ELF BINFMT_SCRIPT TTY UNIX98_PTYS PROC_FS PROC_SYSCTL SYSFS PRINTK BLK_DEV_LOOP UNIX INET IPV6 PACKET
    SYN_COOKIES
  `),
  build: {
    kind: 'steps',
    inputs: { fragment: fragmentOf(configuration) },
    steps: [
      {
        name: 'configure',
        script: configureScript,
        check: async (build) =>
          assertDemandsHold(await readFile(join(build, 'source/.config'), 'utf8'), configuration),
      },
      { name: 'compile', script: `${make} busybox` },
      { name: 'install', script: `${make} install CONFIG_PREFIX=/out` },
    ],
  },
  outputs: { runtime: [''] },
});
