/** An HTTP server of one folder, which counts what it is asked for. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** How the server behaves. */
export interface ServerOptions {
  /** Whether it says its length and honours Range. */
  readonly ranges: boolean;
  /** Breaks every body off after so many bytes. */
  readonly breakAfter?: number;
}

/** A running server. */
export interface FolderServer {
  readonly url: string;
  /** Each request: method, path and range. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves `folder` on this machine. */
export async function serveFolder(
  folder: string,
  { ranges, breakAfter }: ServerOptions,
): Promise<FolderServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = join(folder, request.url ?? '');
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (ranges && first !== undefined && last !== undefined) {
      const [start, end] = [Number(first), last === '' ? size - 1 : Number(last)];
      const headers = { 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': end - start + 1 };
      createReadStream(path, { start, end }).pipe(response.writeHead(206, headers));
      return;
    }
    response.writeHead(200, ranges ? { 'accept-ranges': 'bytes', 'content-length': size } : {});
    if (breakAfter === undefined) {
      createReadStream(path).pipe(response);
      return;
    }
    const body = createReadStream(path, { end: breakAfter - 1 });
    body.on('end', () => response.destroy()).pipe(response, { end: false });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
