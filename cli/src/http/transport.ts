/**
 * What carries requests: Node (`node-transport.ts`) on a host, `native/device` on a device.
 * Everything else decides above it.
 */

/** An answer, whose body is read piece by piece. */
export interface HttpAnswer {
  readonly status: number;
  /** Of the status line; may be empty. */
  readonly statusText: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /**
   * The next bytes, at most 1 MiB and never empty; `undefined` at the end. The piece may be a view
   * of a buffer that the next call fills anew. Throws {@link HttpFailure}: `broken` when the
   * connection goes away or is silent for too long, `protocol`.
   */
  read(): Promise<Uint8Array | undefined>;
  close(): void;
  /** The proxy that was asked, without its password. */
  readonly proxy?: string | undefined;
}

/** Sends one GET request and waits for the head of its answer. */
export interface HttpTransport {
  /**
   * Follows no redirect, tries once, and waits half a minute for each sign of life. `url` has no
   * user information. Throws {@link HttpFailure}: `unreachable`, `unsupported`, `protocol`.
   */
  get(url: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer>;
}
