/**
 * All that `cocon-update` asks of the machine it runs on. Node implements it for hosts (`node/platform.ts`), the device
 * runtime (`native/device`) for devices; everything above this line is the same program.
 */
import type { Terminal } from '@cocon-os/cli';
import type { BlockDevice, Crypto } from '@cocon-os/sdfs';

/** Bytes that arrive in order: a file, standard input, an HTTP body. */
export interface ByteSource {
  /** Where it comes from, for messages. */
  readonly name: string;
  /** Whole length in bytes, when it is known. */
  readonly sizeBytes: number | undefined;
  /** The next piece, at most 1 MiB; `undefined` at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Present when any range can be read again: a regular file, or a server that honours Range. */
  readonly readAt?: (offset: number, length: number) => Promise<Uint8Array>;
  close(): void;
}

/** How a child process ended. */
export interface RunResult {
  /** Exit status, or `undefined` when it was ended by a signal or the time limit. */
  readonly status: number | undefined;
  readonly timedOut: boolean;
  /** The last 4 KiB of what it printed on both streams. */
  readonly output: string;
}

/** The machine. */
export interface Platform {
  readonly terminal: Terminal;
  readonly crypto: Crypto;
  /** Unix time in seconds; 0 when the clock is not set. */
  now(): number;
  /**
   * Opens a file or block device. `write` takes a lock that a second writer fails to get (`VOLUME_LOCKED`).
   */
  openDevice(path: string, mode: 'read' | 'write'): BlockDevice;
  /** Opens a path, `-` (standard input) or an http:// URL. */
  openSource(location: string): Promise<ByteSource>;
  /** A small text file whole, or `undefined` when there is none. Throws when it is larger than `limit` bytes. */
  readFile(path: string, limit: number): Uint8Array | undefined;
  /** Sorted names in a directory, or `undefined` when there is none. */
  listDirectory(path: string): readonly string[] | undefined;
  /** Runs a program to its end. */
  run(program: string, args: readonly string[], timeoutSeconds: number): Promise<RunResult>;
}
