/** A file on a server as a {@link ByteSource}. */
import { shownUrl } from '@cocon-os/cli';
import {
  Download,
  HttpFailure,
  request,
  type HttpFailureKind,
  type HttpTransport,
  type Waiting,
} from '@cocon-os/cli/http';

import { UpdaterError, type SourceErrorCode } from './errors.ts';
import type { ByteSource } from './platform.ts';

const CODES: Readonly<Record<HttpFailureKind, SourceErrorCode>> = {
  unreachable: 'SOURCE_UNREACHABLE',
  status: 'SOURCE_STATUS',
  broken: 'SOURCE_SHORT',
  changed: 'SOURCE_CHANGED',
  'no-ranges': 'SOURCE_NO_RANGES',
  unsupported: 'SOURCE_UNSUPPORTED',
  protocol: 'SOURCE_IO',
};

/**
 * Waits for the head of the answer. What breaks off goes on, and what may pass is tried again, by
 * the one policy of `@cocon-os/cli/http`. Throws `UpdaterError` with the codes above; no message
 * has a password or the values of a query in it.
 */
export async function openHttpSource(
  http: HttpTransport,
  url: string,
  waiting: Waiting,
): Promise<ByteSource> {
  const name = shownUrl(url);
  const download = await coded('fetch', name, () =>
    Download.open((headers) => request(http, url, headers), waiting),
  );
  return {
    name,
    sizeBytes: download.sizeBytes,
    read: () => coded('read', name, () => download.read()),
    ...(download.mayHaveRanges
      ? {
          readAt: (offset: number, length: number) =>
            coded('read', name, () => download.readAt(offset, length)),
        }
      : {}),
    close: () => download.close(),
  };
}

async function coded<Value>(action: string, name: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof HttpFailure)) throw thrown;
    const { kind, message, status, hint } = thrown;
    throw new UpdaterError(CODES[kind], `Cannot ${action} ${name}: ${message}`, {
      cause: thrown,
      hint: hint ?? 'Try again; nothing was lost.',
      ...(status === undefined ? {} : { facts: { status } }),
    });
  }
}
