/** Machines, consoles, monitors, disks and a file server for tests that boot, and for `cocon run`. */
export { attachConsole } from './attach-console.ts';
export type { ConsoleEnd } from './attach-console.ts';
export type { ConsoleStreams } from './attach-console.ts';
export { copyImage, createOverlay, fileDisk } from './disk-images.ts';
export { QemuError } from './errors.ts';
export type { QemuErrorCode } from './errors.ts';
export type { Found, Pattern } from './expect-buffer.ts';
export { findFirmware } from './find-firmware.ts';
export type { FirmwareImages } from './find-firmware.ts';
export { findEmulator, findQemuImg } from './find-program.ts';
export { freezeProcessor, gdbArguments } from './freeze-processor.ts';
export { defineMachine } from './machine.ts';
export type {
  Architecture,
  Disk,
  Firmware,
  Machine,
  MachineOptions,
  Network,
  PortForward,
} from './machine.ts';
export type { QmpClient } from './qmp-client.ts';
export type { BlockStatistics, QmpCommands, QmpEvent } from './qmp-protocol.ts';
export type { ExitStatus, RunningMachine } from './running-machine.ts';
export { makeScratch, onProcessEnd } from './scratch.ts';
export type { Scratch } from './scratch.ts';
export { KERNEL_PANIC } from './serial-session.ts';
export type { CommandResult, ExpectOptions, SerialSession } from './serial-session.ts';
export { FileServer, HOST_ADDRESS, serveFiles } from './serve-files.ts';
export type { Fault, ServedRequest } from './serve-files.ts';
export { startMachine } from './start-machine.ts';
export type { StartOptions } from './start-machine.ts';
export { readWriteLog } from './write-log.ts';
export type { LoggedRequest } from './write-log.ts';
