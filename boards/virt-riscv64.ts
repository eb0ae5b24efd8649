/** QEMU's machine `virt` with a 64-bit RISC-V processor and UEFI, and what is like it: PCI, virtio, 8250 serial line. */
import { defineBoard } from '@cocon-os/engine';

import { virtMachine } from './parts/virt.ts';

export const board = defineBoard({
  name: 'virt-riscv64',
  summary: 'QEMU virt, riscv64 with UEFI',
  target: 'riscv64',
  commandLine: 'console=ttyS0,115200',
  kernel: (k) => [
    ...virtMachine(k),
    k['64BIT'],
    k.NR_CPUS.is(64),
    k.ACPI,
    k.SERIAL_8250,
    k.SERIAL_OF_PLATFORM,
    k.SERIAL_8250_CONSOLE,
    k.RTC_DRV_EFI,
  ],
});
