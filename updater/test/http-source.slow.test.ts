/** Servers that fall silent: the head of an answer, a body and a range that do not come. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import type { ByteSource } from '../src/index.ts';
import { openHttpSource } from '../src/node/http-source.ts';
import { resumingSource } from '../src/resume-source.ts';

/** Milliseconds of silence that these tests take for a broken line. */
const SILENCE = 500;
const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function open(answer: RequestListener): Promise<ByteSource> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return openHttpSource(`http://127.0.0.1:${port}/image.oci`, SILENCE);
}

async function readAll(source: ByteSource): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for (let piece = await source.read(); piece !== undefined; piece = await source.read())
    all.push(piece.slice());
  return new Uint8Array(Buffer.concat(all));
}

const sized = { 'content-length': bytes.length, 'accept-ranges': 'bytes' };
const SILENT = `nothing came for ${SILENCE / 1000} s`;

describe('openHttpSource()', () => {
  test('SOURCE_UNREACHABLE when the server takes the request and says nothing', async () => {
    await expect(open(() => {})).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining(SILENT),
    });
  });

  test('SOURCE_SHORT when a body stalls, and says how far it came', async () => {
    const source = await open((_, response) => {
      response.writeHead(200, sized).write(bytes.subarray(0, 150_000));
    });
    await expect(readAll(source)).rejects.toMatchObject({
      code: 'SOURCE_SHORT',
      message: expect.stringContaining(`${SILENT} after 150000 bytes of 200000`),
    });
  });

  test('SOURCE_SHORT when a range stalls', async () => {
    const source = await open((request, response) => {
      if (request.headers.range === undefined) response.writeHead(200, sized).end(bytes);
      else {
        response.writeHead(206, { 'content-range': 'bytes 10-19/200000', 'content-length': 10 });
        response.write(bytes.subarray(10, 13));
      }
    });
    await expect(source.readAt?.(10, 10)).rejects.toMatchObject({
      code: 'SOURCE_SHORT',
      message: expect.stringContaining(`${SILENT} after 3 bytes of 10`),
    });
  });

  test('SOURCE_STATUS, which is not tried again, when another range comes than was asked for', async () => {
    const source = await open((request, response) => {
      if (request.headers.range === undefined) response.writeHead(200, sized).end(bytes);
      else
        response
          .writeHead(206, { 'content-range': 'bytes 0-9/200000', 'content-length': 10 })
          .end(bytes.subarray(0, 10));
    });
    await expect(source.readAt?.(10, 10)).rejects.toMatchObject({ code: 'SOURCE_STATUS' });
  });

  test('a slow server is not a silent one', async () => {
    const source = await open((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      const timer = setInterval(() => response.write('a'), SILENCE / 20);
      setTimeout(() => {
        clearInterval(timer);
        response.destroy();
      }, SILENCE * 1.5);
    });
    await expect(readAll(source)).rejects.toMatchObject({
      message: expect.stringMatching(/it ended after \d+ bytes of 100$/),
    });
  });

  test('a source that stalls, drops and comes back gives every byte', async () => {
    let ranges = 0;
    const source = await open((request, response) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      if (first === undefined) {
        response.writeHead(200, sized).write(bytes.subarray(0, 70_000));
        return;
      }
      ranges += 1;
      const [from, to] = [Number(first), Number(last)];
      const head = {
        'content-range': `bytes ${from}-${to}/${bytes.length}`,
        'content-length': to - from + 1,
      };
      if (ranges === 1) response.destroy();
      else if (ranges === 2) response.writeHead(206, head).write(bytes.subarray(from, from + 100));
      else response.writeHead(206, head).end(bytes.subarray(from, to + 1));
    });
    const pauses: number[] = [];
    const resuming = resumingSource(source, {
      sleep: (pause) => Promise.resolve(void pauses.push(pause)),
      onBreak: () => {},
    });
    expect(await readAll(resuming)).toEqual(bytes);
    expect(pauses).toEqual([1000, 2000, 4000]);
  });
});
