/**
 * Servers that misbehave, and what has to come of each: one table for the shared client, for
 * `cocon-update` on a host and for the device's program.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Counts from 1. */
  readonly count: number;
  readonly file: Uint8Array;
  /** The same server by another name. */
  readonly elsewhere: string;
}

/** What a server does. */
export type Answer = (exchange: Exchange) => void;

/** A server and the outcome of a download from it. */
export interface Fault {
  readonly name: string;
  readonly answer: Answer;
  /** User information in the URL that is asked for. */
  readonly userinfo?: string;
  /** The code of the updater's error; `whole` when every byte has to arrive. */
  readonly outcome: 'whole' | `SOURCE_${string}`;
  /** The requests that the server sees: path, and after a blank the range. */
  readonly requests: readonly string[];
  /** What is printed besides. */
  readonly says?: RegExp;
}

/** Where bodies break off: behind the first MiB, which the device takes at once. */
export const CUT = 1_200_000;
const SAME = { etag: '"one"', 'last-modified': 'Tue, 01 Dec 2026 10:00:00 GMT' };
const REST = `/os.oci bytes=${CUT}-`;

/** All of the file, or the range that was asked for. */
export function serve({ request, response, file }: Exchange, headers: OutgoingHttpHeaders = SAME): void {
  const [, first, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) {
    response.writeHead(200, { 'content-length': file.length, ...headers }).end(file);
    return;
  }
  const end = last === '' ? file.length - 1 : Number(last);
  const range = `bytes ${first}-${end}/${file.length}`;
  response
    .writeHead(206, { 'content-range': range, 'content-length': end - Number(first) + 1, ...headers })
    .end(file.subarray(Number(first), end + 1));
}

/** The head of a whole answer and the beginning of its body. */
export function cut({ response, file }: Exchange, headers: OutgoingHttpHeaders = SAME): void {
  response.writeHead(200, { 'content-length': file.length, ...headers });
  response.write(file.subarray(0, CUT), () => setTimeout(() => response.destroy(), 100));
}

/** Status and headers, and a page. */
export function refuse({ response }: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, headers).end('<html>Sorry.</html>');
}

const after =
  (...answers: readonly Answer[]): Answer =>
  (exchange) =>
    (answers[exchange.count - 1] ?? serve)(exchange);
const status =
  (code: number, headers?: OutgoingHttpHeaders): Answer =>
  (exchange) =>
    refuse(exchange, code, headers);
const moved =
  (location: string, then: Answer = serve): Answer =>
  (exchange) =>
    exchange.request.url === '/os.oci' ? refuse(exchange, 302, { location }) : then(exchange);

/** What passes by itself. */
const PASSING: readonly Fault[] = [
  {
    name: 'ranges that are not announced',
    answer: after(cut),
    outcome: 'whole',
    requests: ['/os.oci', REST],
  },
  {
    name: '503 and 502 while the server restarts',
    answer: after(cut, status(503, { 'retry-after': '1' }), status(502)),
    outcome: 'whole',
    requests: ['/os.oci', REST, REST, REST],
    says: /the server answered 503 Service Unavailable; going on after 1\.1 MiB in 2 s/,
  },
  {
    name: '504 at the first request',
    answer: after(status(504)),
    outcome: 'whole',
    requests: ['/os.oci', '/os.oci'],
    says: /the server answered 504 Gateway Timeout; trying again in 1 s/,
  },
  {
    name: '429 with a date in Retry-After, by a clock of its own',
    answer: after(
      status(429, { date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT' }),
    ),
    outcome: 'whole',
    requests: ['/os.oci', '/os.oci'],
    says: /trying again in 3 s/,
  },
  {
    name: 'a connection that is closed without an answer',
    answer: after(({ request }) => request.socket.destroy()),
    outcome: 'whole',
    requests: ['/os.oci', '/os.oci'],
  },
  {
    name: 'a redirect to signed URLs, each good for one request',
    answer: (exchange) => {
      const { count } = exchange;
      if (exchange.request.url === '/os.oci') refuse(exchange, 302, { location: `/blob?signature=${count}` });
      else if (exchange.request.url !== `/blob?signature=${count - 1}`) refuse(exchange, 403);
      else (count === 2 ? cut : serve)(exchange);
    },
    outcome: 'whole',
    requests: ['/os.oci', '/blob?signature=1', REST, `/blob?signature=3 bytes=${CUT}-`],
  },
  {
    name: 'the whole file in answer to a range',
    answer: (exchange) => {
      const { request, response, file, count } = exchange;
      if (count === 1) return cut(exchange);
      delete request.headers.range;
      return void response.writeHead(200, { 'content-length': file.length }).end(file);
    },
    outcome: 'whole',
    requests: ['/os.oci', REST],
    says: /the server sends the file from its beginning; the first 1\.1 MiB are passed over/,
  },
  {
    name: 'another ETag of the same file, as farms of servers have it',
    answer: after(cut, (exchange) => serve(exchange, { ...SAME, etag: '"two"' })),
    outcome: 'whole',
    requests: ['/os.oci', REST],
  },
  {
    name: 'a body in chunks that breaks off',
    answer: after(({ response, file }) => {
      response.writeHead(200);
      response.write(file.subarray(0, CUT), () => setTimeout(() => response.destroy(), 100));
    }),
    outcome: 'whole',
    requests: ['/os.oci', REST],
  },
  {
    name: 'a relative redirect with dots in it',
    answer: moved('sub/./dir/../real.oci?x=%7E'),
    outcome: 'whole',
    requests: ['/os.oci', '/sub/real.oci?x=%7E'],
  },
  {
    name: 'a redirect whose path is not ASCII',
    answer: (exchange) => {
      const location = Buffer.from('/größe.oci').toString('latin1');
      if (exchange.request.url === '/os.oci') refuse(exchange, 302, { location });
      else serve(exchange);
    },
    outcome: 'whole',
    requests: ['/os.oci', '/gr%C3%B6%C3%9Fe.oci'],
  },
  {
    name: 'a user and a password, which no other server sees',
    userinfo: 'device:p%40ss%3Aword',
    answer: (exchange) => {
      const { request, elsewhere } = exchange;
      const known = request.headers.authorization === `Basic ${btoa('device:p@ss:word')}`;
      if (request.url === '/os.oci')
        return known ? refuse(exchange, 302, { location: '/next' }) : refuse(exchange, 401);
      if (request.url === '/next')
        return known ? refuse(exchange, 302, { location: `${elsewhere}/last` }) : refuse(exchange, 401);
      return request.headers.authorization === undefined ? serve(exchange) : refuse(exchange, 400);
    },
    outcome: 'whole',
    requests: ['/os.oci', '/next', '/last'],
  },
];

/** What does not get better. */
const LASTING: readonly Fault[] = [
  ...[401, 403, 404, 410].map((code): Fault => ({
    name: `${code} at the first request`,
    answer: status(code, { 'retry-after': '1' }),
    userinfo: 'device:secret-word',
    outcome: 'SOURCE_STATUS',
    requests: ['/os.oci'],
    ...(code === 401 ? { says: /\nhint: .*http:\/\/<user>:<password>@host\// } : {}),
  })),
  {
    name: '404 when it goes on',
    answer: after(cut, status(404)),
    outcome: 'SOURCE_STATUS',
    requests: ['/os.oci', REST],
    says: /it broke off after 1200000 bytes of \d+, and the server answered 404 Not Found/,
  },
  {
    name: 'another file of the same length when it goes on',
    answer: after(cut, (exchange) =>
      serve(exchange, { etag: '"two"', 'last-modified': 'Tue, 01 Dec 2026 11:00:00 GMT' }),
    ),
    outcome: 'SOURCE_CHANGED',
    requests: ['/os.oci', REST],
  },
  {
    name: 'a longer file when it goes on',
    answer: after(cut, (exchange) =>
      serve({ ...exchange, file: Buffer.concat([exchange.file, Buffer.alloc(9)]) }, {}),
    ),
    outcome: 'SOURCE_CHANGED',
    requests: ['/os.oci', REST],
  },
  {
    name: 'a shorter file when it goes on',
    answer: after(cut, status(416, { 'content-range': 'bytes */1000' })),
    outcome: 'SOURCE_CHANGED',
    requests: ['/os.oci', REST],
  },
  {
    name: 'another range than the one that was asked for',
    answer: after(cut, ({ response, file }) => {
      response.writeHead(206, { 'content-range': `bytes 0-9/${file.length}`, 'content-length': 10 });
      response.end(file.subarray(0, 10));
    }),
    outcome: 'SOURCE_STATUS',
    requests: ['/os.oci', REST],
  },
  {
    name: 'a body that was compressed unasked',
    answer: ({ response, file }) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(file, { level: 1 }));
    },
    outcome: 'SOURCE_UNSUPPORTED',
    requests: ['/os.oci'],
    says: /Content-Encoding: gzip/,
  },
  {
    name: 'redirects in a circle',
    userinfo: 'device:secret-word',
    answer: status(302, { location: '/os.oci' }),
    outcome: 'SOURCE_STATUS',
    requests: Array.from({ length: 11 }, () => '/os.oci'),
    says: /it redirects more than 10 times/,
  },
  {
    name: 'a redirect to what is not HTTP',
    answer: moved('ftp://user:secret-word@127.0.0.1/os.oci?sig=secret-word'),
    outcome: 'SOURCE_UNSUPPORTED',
    requests: ['/os.oci'],
    says: /it redirects to "ftp:\/\/\*\*\*@127\.0\.0\.1\/os\.oci\?sig=\*\*\*"/,
  },
];

/** All of them. */
export const FAULTS: readonly Fault[] = [...PASSING, ...LASTING];

/** A running server. */
export interface FaultyServer {
  readonly url: string;
  readonly requests: readonly string[];
  close(): void;
}

/** Serves `file` as the fault says. */
export async function serveFault(
  { answer, userinfo }: Pick<Fault, 'answer' | 'userinfo'>,
  file: Uint8Array,
): Promise<FaultyServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    const { port } = server.address() as AddressInfo;
    answer({ request, response, file, count: requests.length, elsewhere: `http://127.0.0.2:${port}` });
  });
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  return {
    url: `http://${user}127.0.0.1:${port}/os.oci`,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
