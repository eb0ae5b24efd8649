/** What all of QEMU's machines called `virt` have: what every machine has, their PCI bridge, and virtio on the bus of the memory. */
import type { Demand, KernelSymbols } from '@cocon-os/engine';

import { machine } from './machine.ts';

export function virtMachine(k: KernelSymbols): readonly Demand[] {
  return [...machine(k), k.PCI_HOST_GENERIC, k.VIRTIO_MMIO];
}
