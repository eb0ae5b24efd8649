/**
 * A file server on the host's loopback address, which a guest with a network reaches at 10.0.2.2. Understands Range
 * (RFC 9110 §14.2, one range), counts what it sends, and fails on request.
 */
import { createReadStream, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, normalize, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The host as a guest with user-mode network sees it. */
export const HOST_ADDRESS = '10.0.2.2';

/** How the server misbehaves for one request. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'short-body'; readonly bytes: number }
  /** The whole file is sent, whatever range was asked for. */
  | { readonly kind: 'ignore-range' };

/** A request and what became of it. */
export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  /** 0 until it is answered. */
  status: number;
  /** Bytes of the body that were handed to the connection so far. */
  bytes: number;
}

interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Serves the files below `root`, on a port of the system's choice when none is given. */
export async function serveFiles(root: string, port: number = 0): Promise<FileServer> {
  const fileServer = new FileServer(resolve(root));
  await fileServer.listen(port);
  return fileServer;
}

/** A running server. */
export class FileServer implements AsyncDisposable {
  /** All requests in the order in which they came. */
  readonly requests: Readonly<ServedRequest>[] = [];
  readonly #root: string;
  readonly #faults: { readonly path: string; readonly fault: Fault }[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async listen(port: number): Promise<void> {
    const listening = Promise.withResolvers<void>();
    this.#server.once('error', listening.reject).listen(port, '127.0.0.1', listening.resolve);
    await listening.promise;
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  get port(): number {
    return this.#port;
  }

  /** Bytes of all bodies together. */
  get bytesSent(): number {
    return this.requests.reduce((sum, each) => sum + each.bytes, 0);
  }

  /** URL of a file (a path below the root, with or without leading slash) as the guest writes it. */
  guestUrl(path: string): string {
    return this.#url(HOST_ADDRESS, path);
  }

  /** The same URL on the host. */
  hostUrl(path: string): string {
    return this.#url('127.0.0.1', path);
  }

  /** Lets the next request for `path` fail; faults for one path are used up in order. */
  inject(path: string, fault: Fault): void {
    this.#faults.push({ path: `/${path.replace(/^\//, '')}`, fault });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  #url(host: string, path: string): string {
    return `http://${host}:${String(this.#port)}/${path.replace(/^\//, '')}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodedPath(request.url ?? '/');
    const { range } = request.headers;
    const entry = {
      method: request.method ?? '',
      path: path ?? request.url ?? '',
      range,
      status: 0,
      bytes: 0,
    };
    this.requests.push(entry);
    const fault = path === undefined ? undefined : this.#takeFault(path);
    if (fault?.kind === 'status') refuse(response, entry, fault.status);
    else if (entry.method !== 'GET' && entry.method !== 'HEAD') refuse(response, entry, 405);
    else if (path === undefined) refuse(response, entry, 404);
    else await sendFile(join(this.#root, normalize(path)), fault, response, entry);
  }

  #takeFault(path: string): Fault | undefined {
    const index = this.#faults.findIndex((each) => each.path === path);
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
  }
}

async function sendFile(
  file: string,
  fault: Fault | undefined,
  response: ServerResponse,
  entry: ServedRequest,
): Promise<void> {
  const stats = statFile(file);
  if (stats === undefined) return refuse(response, entry, 404);
  const { size } = stats;
  const asked =
    entry.range === undefined || fault?.kind === 'ignore-range' ? undefined : parseRange(entry.range, size);
  if (asked === 'unsatisfiable')
    return refuse(response, entry, 416, { 'content-range': `bytes */${String(size)}` });
  const { first, last } = asked ?? { first: 0, last: size - 1 };
  const length = last - first + 1;
  entry.status = asked === undefined ? 200 : 206;
  response.writeHead(entry.status, {
    'accept-ranges': 'bytes',
    'content-length': length,
    'content-type': 'application/octet-stream',
    ...(asked === undefined
      ? {}
      : { 'content-range': `bytes ${String(first)}-${String(last)}/${String(size)}` }),
  });
  const sent = fault?.kind === 'short-body' ? Math.min(fault.bytes, length) : length;
  if (entry.method === 'GET' && sent > 0) {
    const body = createReadStream(file, { start: first, end: first + sent - 1 });
    body.on('data', (piece) => {
      entry.bytes += piece.length;
    });
    // A client that hangs up in the middle is its own affair.
    await pipeline(body, response, { end: false }).catch(() => undefined);
  }
  if (fault?.kind === 'short-body') response.destroy();
  else response.end();
}

function refuse(
  response: ServerResponse,
  entry: ServedRequest,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  entry.status = status;
  response.writeHead(status, { ...headers, 'content-length': 0 }).end();
}

/** The path of a request target without its query; `undefined` when it climbs out or is not encoded right. */
function decodedPath(target: string): string | undefined {
  try {
    const path = decodeURIComponent(target.split('?')[0] ?? '/');
    return path.split('/').includes('..') || path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

function statFile(file: string): Stats | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats : undefined;
}

/** A range that is not understood is to be ignored (RFC 9110 §14.2): `undefined`. */
function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header);
  const [from = '', to = ''] = match?.slice(1) ?? [];
  if (match === null || (from === '' && to === '')) return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= size ? 'unsatisfiable' : { first, last };
}
