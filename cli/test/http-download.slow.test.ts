/**
 * The shared client against servers that misbehave, by Node's transport and a clock that nobody
 * waits for.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { Download, HttpFailure, PAUSES, request, type Waiting } from '../src/http/index.ts';
import { nodeTransport } from '../src/http/node-transport.ts';
import {
  CUT,
  cut,
  FAULTS,
  refuse,
  serve,
  serveFault,
  type Answer,
  type FaultyServer,
} from './http-faults.ts';

const file = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * index) % 251);
const SILENCE = 500;
const transport = nodeTransport({ environment: {}, silence: SILENCE });
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(answer: Answer, userinfo?: string): Promise<FaultyServer> {
  const server = await serveFault({ answer, ...(userinfo === undefined ? {} : { userinfo }) }, file);
  closers.push(() => server.close());
  return server;
}

/** A clock that notes how long would have been waited. */
function clock(): Waiting & { readonly pauses: number[]; readonly said: string[] } {
  const [pauses, said]: [number[], string[]] = [[], []];
  return {
    pauses,
    said,
    sleep: (pause) => Promise.resolve(void pauses.push(pause)),
    now: () => 1_800_000_000,
    onWait: (reason) => void said.push(reason),
    onNote: (line) => void said.push(line),
  };
}

function open(url: string, waiting: Waiting): Promise<Download> {
  return Download.open((headers) => request(transport, url, headers), waiting);
}

async function readAll(download: Download): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for (let piece = await download.read(); piece !== undefined; piece = await download.read()) {
    expect(piece.length).toBeGreaterThan(0);
    all.push(piece.slice());
  }
  return Buffer.concat(all);
}

async function failureOf(work: Promise<unknown>): Promise<HttpFailure> {
  const thrown = await work.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (thrown instanceof HttpFailure) return thrown;
  throw thrown;
}

const KINDS: Readonly<Record<string, string>> = {
  SOURCE_STATUS: 'status',
  SOURCE_CHANGED: 'changed',
  SOURCE_UNSUPPORTED: 'unsupported',
};

describe('a download from a server with', () => {
  test.each(FAULTS)('$name ends with $outcome', async ({ answer, userinfo, outcome, requests }) => {
    const server = await start(answer, userinfo);
    const download = open(server.url, clock()).then(readAll);
    if (outcome === 'whole') expect(Buffer.compare(await download, file)).toBe(0);
    else expect(await failureOf(download)).toMatchObject({ kind: KINDS[outcome], temporary: false });
    expect(server.requests).toEqual(requests);
  });
});

describe('pauses', () => {
  test('double up to half a minute, eight tries in a row, and begin anew with what arrives', async () => {
    const server = await start((exchange) => {
      if (exchange.count === 1) cut(exchange);
      else if (exchange.count <= 4) refuse(exchange, 503);
      else if (exchange.count === 5) serveSome(exchange);
      else refuse(exchange, 503);
    });
    const waiting = clock();
    const { kind, message } = await failureOf(open(server.url, waiting).then(readAll));
    expect(waiting.pauses).toEqual([...PAUSES.slice(0, 4), ...PAUSES]);
    expect(kind).toBe('status');
    expect(message).toMatch(
      /^it broke off after 1300000 bytes of 3000000, and 8 more tries failed; the last one: the server answered 503/,
    );
  });

  test('are eight for a server that answers, and three for one that does not', async () => {
    const busy = await start((exchange) => refuse(exchange, 500));
    const answering = clock();
    expect((await failureOf(open(busy.url, answering))).message).toMatch(/^8 more tries failed/);
    expect(answering.pauses).toEqual(PAUSES);
    const silent = clock();
    const { kind, message } = await failureOf(open('http://127.0.0.1:1/', silent));
    expect({ kind, message }).toEqual({
      kind: 'unreachable',
      message: '3 more tries failed; the last one: the connection was refused',
    });
    expect(silent.pauses).toEqual(PAUSES.slice(0, 3));
  });

  test.each([
    ['7', 7000],
    ['0', 1000],
    ['-5', 1000],
    ['soon', 1000],
    ['86400', 60_000],
    ['999999999999999999999', 60_000],
    [new Date(1_800_000_005_000).toUTCString(), 5000],
    [new Date(0).toUTCString(), 1000],
  ])('are as long as the server asks for, within bounds: Retry-After: %s', async (value, pause) => {
    const server = await start((exchange) => {
      exchange.response.sendDate = false;
      if (exchange.count === 1) refuse(exchange, 503, { 'retry-after': value });
      else serve(exchange);
    });
    const waiting = clock();
    await open(server.url, waiting);
    expect(waiting.pauses).toEqual([pause]);
  });
});

function serveSome({ response, file: whole }: Parameters<Answer>[0]): void {
  const end = CUT + 100_000;
  response.writeHead(206, {
    'content-range': `bytes ${CUT}-${whole.length - 1}/${whole.length}`,
    'content-length': whole.length - CUT,
  });
  response.write(whole.subarray(CUT, end), () => setTimeout(() => response.destroy(), 100));
}

describe('a server that falls silent', () => {
  test('before its answer is unreachable', async () => {
    const server = await start(() => {});
    const { kind, message } = await failureOf(request(transport, server.url));
    expect({ kind, message }).toEqual({ kind: 'unreachable', message: 'nothing came for 0.5 s' });
  });

  test('in the body is asked again, by the range that is missing', async () => {
    const server = await start((exchange) => {
      if (exchange.count > 1) return serve(exchange);
      return void exchange.response
        .writeHead(200, { 'content-length': file.length })
        .write(file.subarray(0, 70_000));
    });
    const waiting = clock();
    expect(Buffer.compare(await readAll(await open(server.url, waiting)), file)).toBe(0);
    expect(waiting.said).toEqual(['nothing came for 0.5 s after 70000 bytes of 3000000']);
    expect(server.requests).toEqual(['/os.oci', '/os.oci bytes=70000-']);
  });

  test('is not one that is slow', async () => {
    const server = await start(({ response, count }) => {
      if (count > 1) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-length': 100 });
      const timer = setInterval(() => response.write('a'), SILENCE / 20);
      setTimeout(() => {
        clearInterval(timer);
        response.destroy();
      }, SILENCE * 1.5);
    });
    const waiting = clock();
    await failureOf(open(server.url, waiting).then(readAll));
    expect(waiting.said[0]).toMatch(/^it broke off after \d\d bytes of 100$/);
  });
});

describe('readAt()', () => {
  test('gives a range, again after breaks, beside the body', async () => {
    let parts = 0;
    const server = await start((exchange) => {
      const { request: asked, response } = exchange;
      if (asked.headers.range !== undefined) parts += 1;
      if (parts === 1) refuse(exchange, 503);
      else if (parts === 2) {
        response.writeHead(206, { 'content-range': 'bytes 10-19/3000000', 'content-length': 10 });
        response.write(file.subarray(10, 13), () => response.destroy());
      } else serve(exchange);
    });
    const waiting = clock();
    const download = await open(server.url, waiting);
    expect(download.mayHaveRanges).toBe(true);
    expect(Buffer.compare(await download.readAt(10, 10), file.subarray(10, 20))).toBe(0);
    expect(waiting.said).toEqual([
      'the server answered 503 Service Unavailable',
      'it broke off after 3 bytes of 10',
    ]);
    expect(Buffer.compare(await readAll(download), file)).toBe(0);
  });

  test('says when a server has no ranges', async () => {
    const server = await start(({ response, file: whole }) => {
      response.writeHead(200, { 'content-length': whole.length }).end(whole);
    });
    const download = await open(server.url, clock());
    expect(await failureOf(download.readAt(10, 10))).toMatchObject({ kind: 'no-ranges' });
    const denying = await start((exchange) => serve(exchange, { 'accept-ranges': 'none' }));
    expect((await open(denying.url, clock())).mayHaveRanges).toBe(false);
  });
});

test('a body that has arrived whole and was not ended is whole', async () => {
  const server = await start(({ response, request: asked, file: whole }) => {
    if (asked.headers.range !== undefined)
      return void response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
    response.writeHead(200);
    return void response.write(whole, () => setTimeout(() => response.destroy(), 100));
  });
  expect(Buffer.compare(await readAll(await open(server.url, clock())), file)).toBe(0);
});
