/** What every machine here has: several processors, PCI, NVMe and virtio, a network card, a clock, a watchdog. */
import type { Demand, KernelSymbols } from '@cocon-os/engine';

export function machine(k: KernelSymbols): readonly Demand[] {
  return [
    k.SMP,
    k.PCI,
    k.PCI_MSI,
    k.TTY,
    k.BLOCK,
    k.BLK_DEV,
    k.BLK_DEV_NVME,
    k.VIRTIO_MENU,
    k.VIRTIO_PCI,
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
