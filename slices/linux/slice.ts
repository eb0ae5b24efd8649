/**
 * The kernel: one file, /boot/vmlinuz, that the loader starts as an EFI program, without modules.
 *
 * zstd and not xz packs it: 0.4 MB more, and unpacking it takes a fraction of the time at every boot.
 */
import { defineSlice, literally, type Target } from '@cocon-os/engine';

import { linuxConfig } from '../linux-config/slice.ts';
import { CANNOT_BUILD } from './cannot-build.ts';
import { everyKernel } from './every-kernel.ts';
import { kernelMake, KERNEL_PACKAGES } from './make.ts';
import { AMDGPU_TABLES, LINUX_VERSION, linuxTree } from './tree.ts';

/** What make builds, below arch/: on x86 and 32-bit Arm the packed image is an EFI program itself. */
const IMAGES: Readonly<Record<Target, string>> = {
  x86_64: 'bzImage',
  aarch64: 'vmlinuz.efi',
  riscv64: 'vmlinuz.efi',
  armv7: 'zImage',
};

export const linux = defineSlice({
  name: 'linux',
  version: LINUX_VERSION,
  license: 'GPL-2.0-only WITH Linux-syscall-note',
  summary: 'Kernel with an EFI stub, without modules',
  source: linuxTree(),
  needs: [linuxConfig],
  // The two that pack themselves around the image ask hexdump for its size.
  packages: ({ target }) => [
    ...KERNEL_PACKAGES,
    ...(IMAGES[target.name] === 'vmlinuz.efi' ? (['bsdextrautils'] as const) : []),
  ],
  kernel: (k, { target }) => everyKernel(k, target.name),
  cannotBuild: CANNOT_BUILD,
  build: ({ target }) => {
    const image = IMAGES[target.name];
    const make = kernelMake(target);
    return {
      kind: 'steps',
      compilerCache: true,
      steps: [
        {
          name: 'configure',
          // Nothing may be different from what has been proved to hold every demand.
          script: `
cp /needs/linux-config/config source/.config
if grep -q '^CONFIG_${AMDGPU_TABLES.symbol}=' source/.config; then
  tar --extract --no-same-owner --warning=no-timestamp --directory=source --strip-components=1 \\
    --wildcards --file=/sources/${linuxTree().upstream.name} '*/${AMDGPU_TABLES.directory}/*'
fi
${make} -s olddefconfig
cmp /needs/linux-config/config source/.config
`,
        },
        { name: 'compile', script: `${make} -j"$(nproc)" ${image}` },
        {
          name: 'install',
          script: `install -D -m 644 source/arch/${target.linux}/boot/${image} /out/boot/vmlinuz`,
        },
      ],
    };
  },
  outputs: { runtime: [''] },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('uname -r')
      .says(new RegExp(`^${literally(LINUX_VERSION)}$`, 'm')),
  ],
});
