/**
 * What a machine is made of: plain data, checked once, so that a test reads like a parts list.
 * Starting it is `start-machine.ts`; the words that QEMU understands are in `arguments.ts`.
 */
import { QemuError } from './errors.ts';

/** Instruction sets that a machine can have. */
export type Architecture = 'x86_64';

/** What runs first: UEFI firmware, or a kernel that QEMU itself puts into memory. */
export type Firmware =
  | {
      readonly kind: 'uefi';
      /** Firmware image; looked up when not given, see `findFirmware`. */
      readonly code?: string;
      /** Template of the variable store. The machine gets a private copy. */
      readonly variables?: string;
    }
  | {
      readonly kind: 'kernel';
      readonly kernel: string;
      readonly initrd?: string;
      readonly commandLine?: string;
    };

/** A disk of the machine. */
export interface Disk {
  readonly path: string;
  /** `raw` when not given. */
  readonly format?: 'raw' | 'qcow2';
  /** Writes go to an overlay that is thrown away with the machine. */
  readonly snapshot?: boolean;
  readonly readOnly?: boolean;
  /** `virtio` when not given: the first is /dev/vda in a Linux guest. */
  readonly interface?: 'virtio' | 'nvme' | 'ahci';
  /** At most 20 characters; the guest reads it from /sys/block/<disk>/serial. */
  readonly serial?: string;
  /** Bytes: 512 (when not given) or 4096. */
  readonly logicalBlockSize?: 512 | 4096;
  /** Place in the firmware's boot order, 0 first. Disks are tried in the order given when no disk has one. */
  readonly bootIndex?: number;
  /** A file that takes every write and flush in order, for `readWriteLog`. Raw disks only. */
  readonly writeLog?: string;
}

/** A connection that the host's loopback address takes in for the guest. */
export interface PortForward {
  readonly hostPort: number;
  readonly guestPort: number;
}

/** User-mode network: the guest is 10.0.2.15 and reaches the host's loopback services at 10.0.2.2. */
export interface Network {
  readonly forwards?: readonly PortForward[];
}

/** How a machine is described. */
export interface MachineOptions {
  /** For messages and file names. */
  readonly name: string;
  readonly architecture?: Architecture;
  readonly firmware?: Firmware;
  /** 512 when not given. */
  readonly memoryMiB?: number;
  /** 1 when not given. */
  readonly cpus?: number;
  readonly disks?: readonly Disk[];
  /** No network when not given. */
  readonly network?: Network;
  /** Resets the machine when the guest stops feeding it. */
  readonly watchdog?: 'i6300esb';
  /** A source of randomness (virtio-rng); on when not given. */
  readonly rng?: boolean;
  /** A VGA adapter, for `screendump`; off when not given, which keeps the firmware on the serial console. */
  readonly graphics?: boolean;
  /** What a reset that the guest asks for does: `reboot` (when not given) or `exit`. */
  readonly onReset?: 'reboot' | 'exit';
  /** Given to QEMU as they are, behind all others. */
  readonly extraArguments?: readonly string[];
}

/** A machine with nothing left open. */
export interface Machine extends MachineOptions {
  readonly architecture: Architecture;
  readonly firmware: Firmware;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly disks: readonly Disk[];
  readonly rng: boolean;
  readonly graphics: boolean;
  readonly onReset: 'reboot' | 'exit';
  readonly extraArguments: readonly string[];
}

const MAX_CPUS = 64;
const MIN_MEMORY_MIB = 16;
const MAX_MEMORY_MIB = 65_536;
const MAX_SERIAL_LENGTH = 20;

/** Checks a machine and fills in what was left open. Throws `QEMU_BAD_OPTION`. */
export function defineMachine(options: MachineOptions): Machine {
  const machine: Machine = {
    ...options,
    architecture: options.architecture ?? 'x86_64',
    firmware: options.firmware ?? { kind: 'uefi' },
    memoryMiB: options.memoryMiB ?? 512,
    cpus: options.cpus ?? 1,
    disks: options.disks ?? [],
    rng: options.rng ?? true,
    graphics: options.graphics ?? false,
    onReset: options.onReset ?? 'reboot',
    extraArguments: options.extraArguments ?? [],
  };
  inRange(machine, 'memoryMiB', machine.memoryMiB, MIN_MEMORY_MIB, MAX_MEMORY_MIB);
  inRange(machine, 'cpus', machine.cpus, 1, MAX_CPUS);
  for (const [index, disk] of machine.disks.entries()) checkDisk(machine, index, disk);
  for (const forward of machine.network?.forwards ?? []) {
    inRange(machine, 'hostPort', forward.hostPort, 1, 65_535);
    inRange(machine, 'guestPort', forward.guestPort, 1, 65_535);
  }
  return machine;
}

function checkDisk(machine: Machine, index: number, disk: Disk): void {
  const name = `disks[${String(index)}]`;
  if (disk.path === '') throw badOption(machine, `${name}.path`, 'is empty, wanted the path of an image');
  if ((disk.serial ?? '').length > MAX_SERIAL_LENGTH) {
    throw badOption(machine, `${name}.serial`, `is longer than ${String(MAX_SERIAL_LENGTH)} characters`);
  }
  if (disk.snapshot === true && disk.readOnly === true) {
    throw badOption(machine, `${name}.snapshot`, 'makes no sense on a read-only disk');
  }
  if (
    disk.writeLog !== undefined &&
    (disk.snapshot === true || disk.readOnly === true || disk.format === 'qcow2')
  ) {
    throw badOption(machine, `${name}.writeLog`, 'needs a raw disk that is written to');
  }
}

function inRange(machine: Machine, option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw badOption(machine, option, `is ${String(value)}, wanted ${String(least)} … ${String(most)}`);
}

function badOption(machine: Machine, option: string, found: string): QemuError {
  return new QemuError('QEMU_BAD_OPTION', `Cannot define machine "${machine.name}": ${option} ${found}`);
}
