/**
 * All that `cocon-update` asks of the machine it runs on. Node implements it for hosts
 * (`node/platform.ts`), the device runtime (`native/device`) for devices; everything above this
 * line is the same program.
 *
 * Errors: an implementation throws `UpdaterError` or `SdfsError`. The device runtime throws plain
 * errors with a `code` property, which `device/platform.ts` turns into those.
 */
import type { Terminal } from '@cocon-os/cli';
import type { HttpTransport } from '@cocon-os/cli/http';
import type { BlockDevice, Crypto } from '@cocon-os/sdfs';

/** Bytes that arrive in order: a file, standard input, an HTTP body. */
export interface ByteSource {
  /** Where it comes from, for messages. */
  readonly name: string;
  /** Whole length in bytes, when it is known. */
  readonly sizeBytes: number | undefined;
  /**
   * The next piece, at most 1 MiB and never empty; `undefined` at the end. The piece may be a view
   * of a buffer that the next call fills anew. Throws `SOURCE_SHORT` when the source ends before
   * `sizeBytes`, `SOURCE_IO` when it cannot be read, and of a server what `http-source.ts` lists.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Present when any range can be read again: a regular file, or a server that does not deny
   * ranges. Returns exactly `length` bytes (at most 1 MiB). Independent of {@link read}. Throws
   * `SOURCE_NO_RANGES` when the server turns out to have none.
   */
  readonly readAt?: (offset: number, length: number) => Promise<Uint8Array>;
  close(): void;
}

/** What a path names, as far as running it goes. */
export type FileKind = 'program' | 'file' | 'directory' | 'other' | 'nothing';

/** How a child process ended. */
export interface RunResult {
  /** Exit status, or `undefined` when it was ended by a signal or the time limit. */
  readonly status: number | undefined;
  /** Number of the signal that ended it, where it was not the time limit's. */
  readonly signal: number | undefined;
  readonly timedOut: boolean;
  /** The last 4 KiB of what it printed on both streams. */
  readonly output: string;
}

/** The machine. */
export interface Platform {
  readonly terminal: Terminal;
  readonly crypto: Crypto;
  /** Of the OCI image spec (`amd64`, `arm64`, `riscv64`, `arm`): what this machine runs. */
  readonly architecture: string;
  /** Unix time in seconds; 0 when the clock is not set. */
  now(): number;
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  monotonicMs(): number;
  /** Resolves after so many milliseconds, or a little later. */
  sleep(milliseconds: number): Promise<void>;
  /**
   * Opens a file or block device. `write` takes the lock of sdfs/DESIGN.md, "One lock", that a
   * second writer fails to get (`VOLUME_LOCKED`). `FILE_NOT_FOUND` when there is none.
   */
  openDevice(path: string, mode: 'read' | 'write'): BlockDevice;
  /** Single requests; what is made of them is decided above (`open-source.ts`). */
  readonly http: HttpTransport;
  /** Opens a path or `-` (standard input). `SOURCE_NOT_FOUND`, `SOURCE_IO`. */
  openSource(location: string): Promise<ByteSource>;
  /**
   * A small file whole, or `undefined` when there is none. Throws `FILE_TOO_LARGE` above `limit`
   * bytes.
   */
  readFile(path: string, limit: number): Uint8Array | undefined;
  /**
   * Sorted names in a directory, or `undefined` when there is none. Throws `FILE_UNREADABLE` for a
   * name that is not UTF-8.
   */
  listDirectory(path: string): readonly string[] | undefined;
  /** The first `length` bytes of a file, or all when it has fewer; `undefined` when there is none. Throws `FILE_UNREADABLE`. */
  readStart(path: string, length: number): Uint8Array | undefined;
  /** What is at the end of a path: a `program` is a regular file that this process may execute. `nothing` also for a link that leads nowhere. */
  fileKind(path: string): FileKind;
  /**
   * Runs a program to its end, its standard input empty. After the time limit its whole process
   * group is killed. `RUN_FAILED` when it cannot be started.
   */
  run(program: string, args: readonly string[], timeoutSeconds: number): Promise<RunResult>;
}
