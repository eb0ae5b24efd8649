import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram, type Terminal } from '@cocon-os/cli';
import { mkfs } from '@cocon-os/sdfs';
import { createImageFile, nodeCrypto } from '@cocon-os/sdfs/node';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { program } from '../src/index.ts';
import { nodePlatform } from '../src/node/platform.ts';
import { artifactEntries, artifactOf, tarOf } from './support/archive.ts';
import type { Outcome } from './support/cli.ts';
import { makeRelease, sha256, trustedKey } from './support/release.ts';
import { GROUP_BLOCKS, hashDevice, VOLUME_BYTES } from './support/volume.ts';

const built = makeRelease();
let archive: Uint8Array = new Uint8Array(0);
let folder = '';
let image = '';
let before = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cocon-http-'));
  writeFileSync(join(folder, 'release.pub'), trustedKey.pem);
  archive = await artifactOf(built);
});

beforeEach(() => {
  image = join(folder, `${Math.random()}.img`);
  const device = createImageFile(image, VOLUME_BYTES);
  mkfs(device, { slots: 2, groupBlocks: GROUP_BLOCKS, ringRecords: 16 }, nodeCrypto);
  before = hashDevice(device);
  device.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, requests: number) => void;

/** Stages from a server that answers like this. Returns how many requests it took as well. */
async function stageFrom(answer: Answer): Promise<Outcome & { requests: number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response, requests);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  try {
    const url = `http://127.0.0.1:${port}/image.oci`;
    const printed = { out: '', err: '' };
    const terminal: Terminal = {
      interactive: false,
      out: (text) => void (printed.out += text),
      err: (text) => void (printed.err += text),
    };
    // Nobody waits for the pauses between tries.
    const platform = { ...nodePlatform, terminal, sleep: () => Promise.resolve() };
    const argv = ['stage', url, '--volume', image, '--key', join(folder, 'release.pub')];
    return { status: await runProgram(program, { terminal, platform }, argv), ...printed, requests };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A whole answer, or the range that was asked for. */
function serve(bytes: Uint8Array, request: IncomingMessage, response: ServerResponse, ranges: boolean): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!ranges || range === null) {
    response.writeHead(200, {
      'content-length': bytes.length,
      ...(ranges ? { 'accept-ranges': 'bytes' } : {}),
    });
    response.end(bytes);
    return;
  }
  const [first, last] = [Number(range[1]), range[2] === '' ? bytes.length - 1 : Number(range[2])];
  response.writeHead(206, {
    'content-range': `bytes ${first}-${last}/${bytes.length}`,
    'content-length': last - first + 1,
  });
  response.end(bytes.subarray(first, last + 1));
}

/** Sends the head of a whole answer and the first bytes of its body, then cuts the connection. */
function breakOff(response: ServerResponse, length: number, headers: Record<string, string | number>): void {
  response.writeHead(200, headers);
  response.write(archive.subarray(0, length), () => response.destroy());
}

const sized = (): Record<string, number> => ({ 'content-length': archive.length });

describe('cocon-update stage http://', () => {
  test.each([true, false])('streams in one request (server with ranges: %s)', async (ranges) => {
    const { status, err, requests } = await stageFrom((request, response) =>
      serve(archive, request, response, ranges),
    );
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(requests).toBe(1);
  });

  test('streams a body of unknown length', async () => {
    const { status, err } = await stageFrom((_, response) => response.end(archive));
    expect({ status, err }).toMatchObject({ status: 0 });
  });

  test('follows a redirect', async () => {
    const { status, err } = await stageFrom((request, response, requests) => {
      if (requests > 1) serve(archive, request, response, true);
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect({ status, err }).toMatchObject({ status: 0 });
  });

  test('goes on by ranges where the connection broke', async () => {
    const { status, err } = await stageFrom((request, response, requests) => {
      const headers = { 'content-length': archive.length, 'accept-ranges': 'bytes' };
      if (requests === 1) breakOff(response, 400_000, headers);
      else if (requests === 2) response.destroy();
      else serve(archive, request, response, true);
    });
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(err).toMatch(/it broke off after 400000 bytes of \d+; going on after 390\.6 KiB in 1 s\n/);
    expect(err).toMatch(
      /the connection was closed before an answer came; going on after 390\.6 KiB in 2 s\n/,
    );
  });

  test('reads an archive in any order from a server with ranges', async () => {
    const reversed = await tarOf(artifactEntries(built).toReversed());
    expect(
      await stageFrom((request, response, requests) => {
        if (requests === 3) response.destroy();
        else if (requests === 4) response.writeHead(503).end();
        else serve(reversed, request, response, true);
      }),
    ).toMatchObject({ status: 0 });
  });

  test('says of a server without ranges that the archive has another order than a stream’s', async () => {
    const reversed = await tarOf(artifactEntries(built).toReversed());
    const { status, err } = await stageFrom((request, response) => serve(reversed, request, response, false));
    expect(status).toBe(1);
    expect(err).toContain('[ARTIFACT_ORDER]\nhint: ');
  });

  test.each<[string, string, Answer]>([
    ['404', 'SOURCE_STATUS', (_, response) => response.writeHead(404).end('not here')],
    ['500', 'SOURCE_STATUS', (_, response) => response.writeHead(500).end()],
    ['204', 'SOURCE_STATUS', (_, response) => response.writeHead(204).end()],
    ['a closed connection', 'SOURCE_UNREACHABLE', (request) => request.socket.destroy()],
    ['a page in place of the image', 'ARTIFACT_NOT_TAR', (_, response) => response.end('<html>'.repeat(200))],
    ['a body cut in the manifest', 'SOURCE_SHORT', (_, response) => breakOff(response, 1600, sized())],
  ])('refuses %s (%s), the volume as it was', async (_, code, answer) => {
    const { status, err } = await stageFrom(answer);
    expect(status).toBe(1);
    expect(err).toContain(`[${code}]\nhint: `);
    expect(sha256(readFileSync(image))).toBe(before);
  });

  test('fails with SOURCE_SHORT when the body is cut in a blob, and the next stage works', async () => {
    const { status, err } = await stageFrom((_, response) => breakOff(response, 900_000, sized()));
    expect(status).toBe(1);
    expect(err).toContain('[SOURCE_SHORT]\nhint: ');
    expect(await stageFrom((request, response) => serve(archive, request, response, true))).toMatchObject({
      status: 0,
    });
  });
});
