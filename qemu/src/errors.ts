/** What this package throws. */
import { CoconError } from '@cocon-os/cli';

/**
 * The codes of {@link QemuError}.
 *
 * - `QEMU_NOT_FOUND`, `FIRMWARE_NOT_FOUND`: the host lacks a program or a firmware image; the hint names the package.
 * - `QEMU_BAD_OPTION`: the caller described a machine that cannot be.
 * - `DISK_NOT_FOUND`, `DISK_FAILED`: a disk image is missing, or qemu-img could not make one.
 * - `LOG_FAILED`: the file that takes the console cannot be written.
 * - `QEMU_EXITED`: QEMU ended while something was still expected of it.
 * - `EXPECT_TIMEOUT`: the guest did not say it in time.
 * - `GUEST_PANIC`: the guest said something that ends the session.
 * - `QMP_ERROR`, `QMP_TIMEOUT`, `QMP_CLOSED`: a monitor command was refused, unanswered, or cut off.
 * - `GDB_FAILED`: the processor could not be frozen over the GDB stub.
 * - `WRITE_LOG_INVALID`: a file is not a log of the `blklogwrites` driver.
 */
export type QemuErrorCode =
  | 'QEMU_NOT_FOUND'
  | 'FIRMWARE_NOT_FOUND'
  | 'QEMU_BAD_OPTION'
  | 'DISK_NOT_FOUND'
  | 'DISK_FAILED'
  | 'LOG_FAILED'
  | 'QEMU_EXITED'
  | 'EXPECT_TIMEOUT'
  | 'GUEST_PANIC'
  | 'QMP_ERROR'
  | 'QMP_TIMEOUT'
  | 'QMP_CLOSED'
  | 'GDB_FAILED'
  | 'WRITE_LOG_INVALID';

/** An error of a machine, its console, its monitor or its disks. */
export class QemuError extends CoconError<QemuErrorCode> {}
