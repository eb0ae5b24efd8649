/** Times the way from the firmware's decision to the kernel's first line, as the serial console shows it. */
import { defineMachine, startMachine } from '@cocon-os/qemu';

const FIRMWARE_STARTS = /BdsDxe: starting /;
const KERNEL_SPEAKS = /Linux version /;

/** Milliseconds between the two lines in one boot of `disk`. */
export async function measureBoot(name: string, disk: string, log: string): Promise<number> {
  const machine = defineMachine({ name, memoryMiB: 512, disks: [{ path: disk, snapshot: true }] });
  await using running = await startMachine(machine, { log });
  await running.serial.expect(FIRMWARE_STARTS);
  const began = performance.now();
  await running.serial.expect(KERNEL_SPEAKS);
  const took = performance.now() - began;
  await running.kill();
  return took;
}
