/** An HTTP body as a {@link ByteSource}; ranges where the server offers them (RFC 9110 §14). */
import { messageOf } from '@cocon-os/cli';

import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';
import { short } from './file-source.ts';

/** A body is taken as it is: its length must be that of the archive. */
const HEADERS = { 'accept-encoding': 'identity' };

/**
 * The longest silence before a connection counts as broken, in milliseconds. A line that stalls comes back within seconds or
 * not at all (a modem that changed cells, a server that went away), and a new connection costs one request. The device has
 * the same limit (`native/device/src/platform/source/http.rs`).
 */
const SILENCE = 30_000;

/** Asks for `url` and waits for the answer's head; every wait is at most `silence` milliseconds. */
export async function openHttpSource(url: string, silence = SILENCE): Promise<ByteSource> {
  const connection = new Connection(url, silence);
  const response = await connection.get({});
  if (response.status !== 200 || response.body === null) throw wrongStatus(url, response);
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const sizeBytes = Number.isSafeInteger(length) ? length : undefined;
  const ranges = response.headers.get('accept-ranges') === 'bytes' && sizeBytes !== undefined;
  const read = connection.reader(response.body, sizeBytes);
  return {
    name: url,
    sizeBytes,
    read,
    ...(ranges
      ? { readAt: (offset: number, size: number) => getRange(new Connection(url, silence), offset, size) }
      : {}),
    close: () => connection.close(),
  };
}

async function getRange(connection: Connection, offset: number, length: number): Promise<Uint8Array> {
  const { url } = connection;
  const last = offset + length - 1;
  const response = await connection.get({ range: `bytes=${offset}-${last}` });
  if (response.status !== 206 || response.body === null) throw wrongStatus(url, response);
  if (response.headers.get('content-range')?.startsWith(`bytes ${offset}-${last}/`) !== true) {
    connection.close();
    throw new UpdaterError(
      'SOURCE_STATUS',
      `Cannot read ${url}: the server did not send bytes ${offset} to ${last}`,
      { hint: 'It says that it honours Range, and sends something else. Download the file, and stage that.' },
    );
  }
  const read = connection.reader(response.body, length);
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (let piece = await read(); piece !== undefined; piece = await read()) {
    if (filled + piece.length > length) throw short(url, filled + piece.length, length);
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}

/** One request, which ends when the server is silent for too long. */
class Connection {
  readonly url: string;
  readonly #silence: number;
  readonly #abort = new AbortController();

  constructor(url: string, silence: number) {
    this.url = url;
    this.#silence = silence;
  }

  async get(headers: Readonly<Record<string, string>>): Promise<Response> {
    try {
      return await this.#wait(() =>
        fetch(this.url, { headers: { ...HEADERS, ...headers }, signal: this.#abort.signal }),
      );
    } catch (thrown) {
      // undici says "fetch failed" and keeps the reason in the cause.
      const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
      throw new UpdaterError('SOURCE_UNREACHABLE', `Cannot fetch ${this.url}: ${code}`, {
        hint: 'Check the network, and that the server runs.',
        cause,
      });
    }
  }

  /** Piece by piece of a body; throws `SOURCE_SHORT` when it ends before `wanted` bytes or the server falls silent. */
  reader(body: ReadableStream<Uint8Array>, wanted: number | undefined): ByteSource['read'] {
    const pieces = body[Symbol.asyncIterator]();
    let received = 0;
    return async () => {
      const { value, done } = await this.#wait(() => pieces.next()).catch((cause: unknown) => {
        throw this.#brokenOff(received, wanted, cause);
      });
      if (done === true) {
        if (wanted !== undefined && received < wanted) throw short(this.url, received, wanted);
        return undefined;
      }
      received += value.length;
      return value;
    };
  }

  close(): void {
    this.#abort.abort();
  }

  async #wait<Value>(work: () => Promise<Value>): Promise<Value> {
    const silent = new Error(`nothing came for ${this.#silence / 1000} s`);
    const timer = setTimeout(() => this.#abort.abort(silent), this.#silence);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  #brokenOff(found: number, wanted: number | undefined, cause: unknown): UpdaterError {
    const { aborted, reason } = this.#abort.signal;
    const how = aborted ? messageOf(reason) : wanted === undefined ? 'it broke off' : 'it ended';
    const of = wanted === undefined ? '' : ` of ${wanted}`;
    return new UpdaterError('SOURCE_SHORT', `Cannot read ${this.url}: ${how} after ${found} bytes${of}`, {
      hint: 'Try again; nothing was lost.',
      facts: { found, ...(wanted === undefined ? {} : { wanted }) },
      cause,
    });
  }
}

function wrongStatus(url: string, response: Response): UpdaterError {
  void response.body?.cancel();
  return new UpdaterError(
    'SOURCE_STATUS',
    `Cannot fetch ${url}: the server answered ${response.status} ${response.statusText}`.trimEnd(),
    {
      hint: 'Check the URL, and that the server has the image.',
      facts: { status: response.status },
    },
  );
}
