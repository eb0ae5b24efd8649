/** A PC with network cards that QEMU has too. What they add to the kernel is the smallest change that people make to it. */
import { defineBoard } from '@cocon-os/engine';

import { board as pc } from '../../../boards/pc.ts';

export const board = defineBoard({
  name: 'cards',
  summary: 'PC with network cards of Intel and Realtek',
  target: 'x86_64',
  commandLine: pc.commandLine,
  kernel: (k) => [
    ...pc.kernel(k),
    k.ETHERNET,
    k.NET_VENDOR_INTEL,
    k.E1000E,
    k.NET_VENDOR_REALTEK,
    // QEMU's card is an 8139C+, which the driver 8139too leaves to this one.
    k['8139CP'],
    // Without it nobody finds out how long a cache line is, and 8139cp gives up.
    k.PCI_QUIRKS,
  ],
  budget: { kernel: '150 KiB', why: 'e1000e and 8139cp' },
});
