/** busybox: the shell, init and all small tools of the device, one static program against our own musl. */
import { join } from 'node:path';

import { defineSlice, flag, literally, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { musl } from '../musl/slice.ts';
import { busyboxFragment } from './configuration.ts';

const VERSION = pinnedVersion('busybox');

/**
 * Its old Kconfig runs allnoconfig twice and forgets KCONFIG_ALLCONFIG, so the fragment replaces lines of the outcome. Like
 * the kernel's it drops without a word what it cannot give, so every line of the fragment is looked for afterwards.
 */
const configureScript = `
make -C source -s allnoconfig
cut -d= -f1 /inputs/fragment | sed 's/$/[= ]/' >symbols
grep -v -f symbols source/.config >config
cat config /inputs/fragment >source/.config
{ yes '' || true; } | make -C source -s oldconfig
if grep -v -x -F -f source/.config /inputs/fragment >lost; then
  echo 'busybox cannot have, by its Config.in:'
  cat lost
  exit 1
fi
`;

export const busybox = defineSlice({
  name: 'busybox',
  version: VERSION,
  license: 'GPL-2.0-only',
  summary: 'Shell, init and small tools',
  source: pinnedSource('busybox', {
    patched: true,
    // ping asks for a raw socket alone, which a container's root does not get and a plain user never.
    patches: [join(import.meta.dirname, 'ping-for-everybody.patch')],
  }),
  needs: [musl, linuxHeaders],
  options: { vi: flag(true, 'The editor vi') },
  kernel: (k) => [
    k.BINFMT_ELF,
    k.BINFMT_SCRIPT,
    k.TTY,
    k.UNIX98_PTYS,
    k.PROC_FS,
    k.PROC_SYSCTL,
    k.SYSFS,
    k.PRINTK,
    k.BLK_DEV_LOOP,
    k.NET,
    k.UNIX,
    k.INET,
    k.PACKET,
    k.SYN_COOKIES,
  ],
  build: ({ target: { triplet }, options: { vi }, kernel }) => {
    const make = `make -C source -j"$(nproc)" CC=/needs/musl/bin/musl-gcc CROSS_COMPILE=${triplet}- HOSTCC=gcc EXTRA_CFLAGS='-idirafter /needs/linux-headers/include -g0'`;
    return {
      kind: 'steps',
      inputs: { fragment: busyboxFragment({ ipv6: kernel.has('IPV6'), vi }) },
      steps: [
        { name: 'configure', script: configureScript },
        { name: 'compile', script: `${make} busybox` },
        { name: 'install', script: `${make} install CONFIG_PREFIX=/out` },
      ],
    };
  },
  outputs: { runtime: [''] },
  budget: { size: '540 KiB' },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('ls --help 2>&1 | head -n 1')
      .says(new RegExp(`^BusyBox v${literally(VERSION)} `)),
  ],
});
