/** QEMU's machine `virt` with a 64-bit Arm processor and UEFI, and what is like it: PCI, virtio, PL011 serial line. */
import { defineBoard } from '@cocon-os/engine';

import { virtMachine } from './parts/virt.ts';

export const board = defineBoard({
  name: 'virt-aarch64',
  summary: 'QEMU virt, aarch64 with UEFI',
  target: 'aarch64',
  commandLine: 'console=ttyAMA0,115200',
  kernel: (k) => [
    ...virtMachine(k),
    k.NR_CPUS.is(64),
    k.ACPI,
    k.ARM_AMBA,
    k.SERIAL_AMBA_PL011,
    k.SERIAL_AMBA_PL011_CONSOLE,
    k.RTC_DRV_EFI,
    k.CPU_MITIGATIONS,
    k.UNMAP_KERNEL_AT_EL0,
    k.MITIGATE_SPECTRE_BRANCH_HISTORY,
  ],
});
