/** QEMU's machine `virt` with a 32-bit Arm processor and UEFI, and what is like it: PCI, virtio, PL011 serial line. */
import { defineBoard } from '@cocon-os/engine';

import { virtMachine } from './parts/virt.ts';

export const board = defineBoard({
  name: 'virt-armv7',
  summary: 'QEMU virt, armv7 with UEFI',
  target: 'armv7',
  commandLine: 'console=ttyAMA0,115200',
  kernel: (k) => [
    ...virtMachine(k),
    k.ARCH_MULTIPLATFORM,
    k.ARCH_MULTI_V7,
    k.ARCH_VIRT,
    k.NR_CPUS.is(8),
    k.ARM_AMBA,
    k.SERIAL_AMBA_PL011,
    k.SERIAL_AMBA_PL011_CONSOLE,
  ],
});
