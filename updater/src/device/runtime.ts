/**
 * What the device runtime (`native/device`, QuickJS-ng in a static binary) puts into the global object before it
 * evaluates this program's bundle. The shapes are those of {@link Platform}, with two differences: an error is a plain
 * `Error` that carries one of the codes listed in `device/platform.ts` as `code`, and perhaps a `hint`, and the terminal and
 * cryptography come as bare functions.
 */
import type { BlockDevice, Sha256 } from '@cocon-os/sdfs';

import type { ByteSource, FileKind, RunResult } from '../platform.ts';

/** The head of an answer, and its body. */
export interface RuntimeAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As of `HttpAnswer` in `@cocon-os/cli/http`. */
  read(): Uint8Array | undefined;
  close(): void;
}

/** The object at `globalThis.coconRuntime`. */
export interface DeviceRuntime {
  /** The arguments, without the program's name. */
  readonly argv: readonly string[];
  readonly architecture: string;
  /** Whether standard error is a terminal. */
  readonly interactive: boolean;
  /** Writes UTF-8 to standard output, or standard error. */
  out(text: string): void;
  err(text: string): void;
  createSha256(): Sha256;
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  randomBytes(length: number): Uint8Array;
  now(): number;
  monotonicMs(): number;
  /** Comes back after so many milliseconds. */
  sleep(milliseconds: number): void;
  openDevice(path: string, mode: 'read' | 'write'): BlockDevice;
  /** One request. Headers are given and returned by their names in lower case. */
  httpGet(url: string, headers: Readonly<Record<string, string>>): RuntimeAnswer;
  /** A path or `-`. */
  openSource(location: string): ByteSource | Promise<ByteSource>;
  readFile(path: string, limit: number): Uint8Array | undefined;
  listDirectory(path: string): readonly string[] | undefined;
  readStart(path: string, length: number): Uint8Array | undefined;
  fileKind(path: string): FileKind;
  run(program: string, args: readonly string[], timeoutSeconds: number): RunResult | Promise<RunResult>;
  /** Ends the process once the bundle's promise has settled. */
  exit(status: number): void;
}
