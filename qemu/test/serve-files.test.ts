import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeScratch } from '../src/scratch.ts';
import type { Scratch } from '../src/scratch.ts';
import { serveFiles } from '../src/serve-files.ts';
import type { FileServer } from '../src/serve-files.ts';

const BODY = '0123456789';
let scratch: Scratch;
let server: FileServer;

beforeEach(async () => {
  scratch = makeScratch('serve-files');
  mkdirSync(scratch.file('www'));
  writeFileSync(scratch.file('www/file'), BODY);
  writeFileSync(scratch.file('www/empty'), '');
  writeFileSync(scratch.file('secret'), 'secret');
  server = await serveFiles(scratch.file('www'));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  await fetch(server.hostUrl(path), { headers });

describe('serveFiles()', () => {
  test('sends a file whole and counts it', async () => {
    const response = await get('file');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    await expect(response.text()).resolves.toBe(BODY);
    expect(server.requests).toEqual([
      { method: 'GET', path: '/file', range: undefined, status: 200, bytes: 10 },
    ]);
    expect(server.bytesSent).toBe(10);
  });

  test('sends an empty file', async () => {
    await expect((await get('empty')).text()).resolves.toBe('');
  });

  test.each([
    ['bytes=2-4', 'bytes 2-4/10', '234'],
    ['bytes=7-', 'bytes 7-9/10', '789'],
    ['bytes=-2', 'bytes 8-9/10', '89'],
    ['bytes=8-99', 'bytes 8-9/10', '89'],
  ])('answers %s with %s', async (range, contentRange, body) => {
    const response = await get('file', { range });
    expect([response.status, response.headers.get('content-range')]).toEqual([206, contentRange]);
    await expect(response.text()).resolves.toBe(body);
  });

  test.each(['bytes=10-', 'bytes=-0'])('cannot satisfy %s', async (range) => {
    const response = await get('file', { range });
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  });

  test.each(['bytes=', 'bytes=4-2', 'lines=1-2', 'bytes=0-1,3-4'])('ignores %s', async (range) => {
    expect((await get('file', { range })).status).toBe(200);
  });

  test('answers HEAD without a body', async () => {
    const response = await fetch(server.hostUrl('/file'), { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('10');
    expect(server.bytesSent).toBe(0);
  });

  test('stays below its root', async () => {
    // fetch() would take the dots out before it asks.
    const status = Promise.withResolvers<number | undefined>();
    httpRequest({ port: server.port, path: '/%2e%2e/secret' }, (answer) => {
      answer.resume();
      status.resolve(answer.statusCode);
    }).end();
    await expect(status.promise).resolves.toBe(404);
    expect((await get('missing')).status).toBe(404);
  });

  test('fails as often as it was told, in order', async () => {
    server.inject('file', { kind: 'status', status: 500 });
    server.inject('file', { kind: 'short-body', bytes: 4 });
    server.inject('file', { kind: 'ignore-range' });
    expect((await get('file')).status).toBe(500);
    await expect(get('file').then(async (response) => await response.text())).rejects.toThrow('terminated');
    expect((await get('file', { range: 'bytes=2-4' })).status).toBe(200);
    expect((await get('file', { range: 'bytes=2-4' })).status).toBe(206);
  });

  test('names itself as the guest sees it', () => {
    expect(server.guestUrl('/file')).toBe(`http://10.0.2.2:${String(server.port)}/file`);
  });
});
