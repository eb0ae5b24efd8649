/** What all of QEMU's machines called `virt` have: PCI and virtio, disks, a network card, a clock. */
import type { Demand, KernelSymbols } from '../../slices/src/kconfig/symbols.ts';

export function virtMachine(k: KernelSymbols): readonly Demand[] {
  return [
    k.SMP,
    k.PCI,
    k.PCI_MSI,
    k.PCI_HOST_GENERIC,
    k.TTY,
    k.BLOCK,
    k.BLK_DEV,
    k.BLK_DEV_NVME,
    k.VIRTIO_MENU,
    k.VIRTIO_PCI,
    k.VIRTIO_MMIO,
    k.VIRTIO_BLK,
    k.VIRTIO_NET,
    k.NET,
    k.NETDEVICES,
    k.NET_CORE,
    k.HW_RANDOM,
    k.HW_RANDOM_VIRTIO,
    k.RTC_CLASS,
    k.RTC_HCTOSYS,
    k.WATCHDOG,
    k.SOFT_WATCHDOG,
  ];
}
