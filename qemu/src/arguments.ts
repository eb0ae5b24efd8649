/**
 * The words of QEMU's command line for a machine. Everything that a machine has is spelled out: `-nodefaults` keeps
 * QEMU's own ideas of a machine, which change between versions, away.
 */
import type { Disk, Machine } from './machine.ts';

/** What is only known when the machine starts. */
export interface MachineFiles {
  readonly accelerator: 'tcg' | 'kvm';
  /** The socket that QEMU connects its monitor to. */
  readonly qmpSocket: string;
  /** UEFI machines: the firmware and the machine's own variable store. */
  readonly firmware?: { readonly code: string; readonly variables: string };
  /** Per disk: the image that is written to, which is an overlay for a snapshot. */
  readonly disks: readonly { readonly path: string; readonly format: 'raw' | 'qcow2' }[];
}

/** Name of a disk's top block node, as block statistics report it. */
export function diskNode(index: number): string {
  return `disk${String(index)}`;
}

/** Arguments for `qemu-system-<architecture>`. The serial console is QEMU's standard input and output. */
export function qemuArguments(machine: Machine, files: MachineFiles): string[] {
  return [
    '-name',
    // The last word of an option's value: a comma in it is written twice.
    machine.name.replaceAll(',', ',,'),
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    ...platform(machine, files),
    '-chardev',
    'stdio,id=console,signal=off',
    '-serial',
    'chardev:console',
    '-chardev',
    `socket,id=monitor,path=${files.qmpSocket}`,
    '-mon',
    'chardev=monitor,mode=control',
    ...firmware(machine, files),
    ...machine.disks.flatMap((disk, index) => diskArguments(machine, disk, index, files)),
    ...network(machine),
    ...(machine.rng ? device({ driver: 'virtio-rng-pci' }) : []),
    ...(machine.graphics ? device({ driver: 'VGA' }) : []),
    ...(machine.watchdog === undefined
      ? []
      : [...device({ driver: machine.watchdog }), '-action', 'watchdog=reset']),
    ...(machine.onReset === 'exit' ? ['-no-reboot'] : []),
    ...machine.extraArguments,
  ];
}

function platform(machine: Machine, files: MachineFiles): string[] {
  const flash = files.firmware === undefined ? '' : ',pflash0=flash0,pflash1=flash1';
  return [
    '-machine',
    `q35,accel=${files.accelerator}${flash}`,
    '-cpu',
    files.accelerator === 'kvm' ? 'host' : 'max',
    '-smp',
    String(machine.cpus),
    '-m',
    `${String(machine.memoryMiB)}M`,
  ];
}

function firmware(machine: Machine, files: MachineFiles): string[] {
  if (machine.firmware.kind === 'kernel') {
    const { kernel, initrd, commandLine } = machine.firmware;
    return [
      '-kernel',
      kernel,
      ...(initrd === undefined ? [] : ['-initrd', initrd]),
      ...(commandLine === undefined ? [] : ['-append', commandLine]),
    ];
  }
  if (files.firmware === undefined) return [];
  const { code, variables } = files.firmware;
  return [
    ...blockdev({
      driver: 'raw',
      'node-name': 'flash0',
      'read-only': true,
      file: { driver: 'file', filename: code },
    }),
    ...blockdev({ driver: 'raw', 'node-name': 'flash1', file: { driver: 'file', filename: variables } }),
  ];
}

function diskArguments(machine: Machine, disk: Disk, index: number, files: MachineFiles): string[] {
  const image = files.disks[index] ?? { path: disk.path, format: disk.format ?? 'raw' };
  const node = diskNode(index);
  const readOnly = disk.readOnly === true;
  const format = {
    driver: image.format,
    'read-only': readOnly,
    file: { driver: 'file', filename: image.path, 'read-only': readOnly, discard: 'unmap' },
  };
  const blocks =
    disk.writeLog === undefined
      ? blockdev({ ...format, 'node-name': node })
      : blockdev({
          driver: 'blklogwrites',
          'node-name': node,
          file: format,
          log: { driver: 'file', filename: disk.writeLog },
        });
  // A kernel that QEMU starts itself has the first place, and QEMU refuses two of one place.
  const inOrder =
    machine.firmware.kind === 'uefi' && machine.disks.every((each) => each.bootIndex === undefined);
  const bootIndex = inOrder ? index : disk.bootIndex;
  const properties = {
    id: `${node}-device`,
    ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
    logical_block_size: disk.logicalBlockSize ?? 512,
    physical_block_size: disk.logicalBlockSize ?? 512,
    // NVMe controllers cannot do without one.
    serial: disk.serial ?? `cocon-${String(index)}`,
  };
  return [...blocks, ...device({ ...controller(disk, index), drive: node, ...properties })];
}

function controller(disk: Disk, index: number): Readonly<Record<string, string>> {
  // q35 has an AHCI controller of six ports, ide.0 … ide.5.
  if (disk.interface === 'ahci') return { driver: 'ide-hd', bus: `ide.${String(index)}` };
  return { driver: disk.interface === 'nvme' ? 'nvme' : 'virtio-blk-pci' };
}

function network(machine: Machine): string[] {
  if (machine.network === undefined) return [];
  const forwards = (machine.network.forwards ?? []).map(
    (each) => `,hostfwd=tcp:127.0.0.1:${String(each.hostPort)}-:${String(each.guestPort)}`,
  );
  // The firmware has a driver of its own, but boots from the network only where no disk fixes the boot order.
  return [
    '-netdev',
    `user,id=net0${forwards.join('')}`,
    ...device({ driver: 'virtio-net-pci', netdev: 'net0', romfile: '' }),
  ];
}

// QEMU reads these two options as JSON, which needs no quoting of commas in paths.
function blockdev(node: Readonly<Record<string, unknown>>): string[] {
  return ['-blockdev', JSON.stringify(node)];
}

function device(properties: Readonly<Record<string, string | number>>): string[] {
  return ['-device', JSON.stringify(properties)];
}
