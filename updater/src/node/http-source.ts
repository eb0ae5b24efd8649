/** An HTTP body as a {@link ByteSource}; ranges where the server offers them (RFC 9110 §14). */
import { messageOf } from '@cocon-os/cli';

import { UpdaterError } from '../errors.ts';
import type { ByteSource } from '../platform.ts';
import { short } from './file-source.ts';

/** A body is taken as it is: its length must be that of the archive. */
const HEADERS = { 'accept-encoding': 'identity' };

/** Asks for `url` and waits for the answer's head. */
export async function openHttpSource(url: string): Promise<ByteSource> {
  const abort = new AbortController();
  const response = await get(url, { headers: HEADERS, signal: abort.signal });
  if (response.status !== 200 || response.body === null) throw wrongStatus(url, response);
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const sizeBytes = Number.isSafeInteger(length) ? length : undefined;
  const ranges = response.headers.get('accept-ranges') === 'bytes' && sizeBytes !== undefined;
  const pieces = response.body[Symbol.asyncIterator]();
  let received = 0;
  return {
    name: url,
    sizeBytes,
    async read() {
      const { value, done } = await pieces.next().catch((cause: unknown) => {
        throw brokenOff(url, received, sizeBytes, cause);
      });
      if (done === true) {
        if (sizeBytes !== undefined && received < sizeBytes) throw short(url, received, sizeBytes);
        return undefined;
      }
      received += value.length;
      return value;
    },
    ...(ranges ? { readAt: (offset: number, size: number) => getRange(url, offset, size) } : {}),
    close: () => abort.abort(),
  };
}

async function getRange(url: string, offset: number, length: number): Promise<Uint8Array> {
  const last = offset + length - 1;
  const response = await get(url, { headers: { ...HEADERS, range: `bytes=${offset}-${last}` } });
  if (response.status !== 206) throw wrongStatus(url, response);
  if (response.headers.get('content-range')?.startsWith(`bytes ${offset}-${last}/`) !== true) {
    throw new UpdaterError(
      'SOURCE_IO',
      `Cannot read ${url}: the server did not send bytes ${offset} to ${last}`,
    );
  }
  const bytes = await response.bytes().catch((cause: unknown) => {
    throw brokenOff(url, 0, length, cause);
  });
  if (bytes.length !== length) throw short(url, bytes.length, length);
  return bytes;
}

async function get(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (thrown) {
    // undici says "fetch failed" and keeps the reason in the cause.
    const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
    throw new UpdaterError('SOURCE_UNREACHABLE', `Cannot fetch ${url}: ${code}`, {
      hint: 'Check the network, and that the server runs.',
      cause,
    });
  }
}

function brokenOff(url: string, received: number, wanted: number | undefined, cause: unknown): UpdaterError {
  if (wanted !== undefined) return short(url, received, wanted);
  return new UpdaterError('SOURCE_SHORT', `Cannot read ${url}: it broke off after ${received} bytes`, {
    hint: 'Try again; nothing was lost.',
    cause,
  });
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
