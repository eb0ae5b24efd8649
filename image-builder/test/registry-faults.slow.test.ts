/**
 * Debian's docker-registry behind something that breaks off, is busy and restarts, as what stands
 * in front of registries does.
 */
import { createHash } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { nodeTransport } from '@cocon-os/cli/http-node';

import { verifiedBytes } from '../src/oci/image-source.ts';
import { parseReference } from '../src/oci/registry/reference.ts';
import { openRegistry } from '../src/oci/registry/registry-source.ts';
import { resolveImage } from '../src/oci/resolve-image.ts';
import { file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { pushLayout, startRegistry } from './support/registry.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();
const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** What happens to a request instead of being passed on; false for nothing. */
type Trouble = (request: IncomingMessage, response: ServerResponse, times: number) => boolean;

const seen: string[] = [];
let front = '';
let trouble: Trouble = () => false;
let cutBlobsAt: number | undefined;
/** What manifests are called instead of their media type; an empty one leaves it out. */
let contentType: string | undefined;
let diffIds: readonly string[];

const kindOf = ({ url = '', headers }: IncomingMessage): string =>
  `${/manifests|blobs|token/.exec(url)?.[0] ?? url}${headers.range === undefined ? '' : ` ${headers.range}`}`;

beforeAll(async () => {
  const registry = await startRegistry(scratch('registry'), '');
  stops.push(registry.stop);
  const layout = scratch('layout');
  const tars = [await kernelLayer(), await tarOf([file('ballast', randomBytes(2_000_000))])];
  writeLayout(
    layout,
    tars.map((tar) => ({ tar })),
  );
  diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  await pushLayout(layout, `${registry.host}/test/os:v1`);
  const [host, port] = registry.host.split(':');
  const server = createServer((incoming, response) => {
    const kind = kindOf(incoming);
    seen.push(kind);
    if (trouble(incoming, response, seen.filter((each) => each.split(' ')[0] === kind.split(' ')[0]).length))
      return;
    const outgoing = forward({ host, port, path: incoming.url, headers: incoming.headers }, (answer) => {
      const headers = { ...answer.headers };
      if (contentType !== undefined && kind === 'manifests') headers['content-type'] = contentType;
      if (contentType === '') delete headers['content-type'];
      response.writeHead(answer.statusCode ?? 500, headers);
      if (
        cutBlobsAt === undefined ||
        answer.headers['content-length'] === undefined ||
        Number(answer.headers['content-length']) < cutBlobsAt
      ) {
        answer.pipe(response);
        return;
      }
      let left = cutBlobsAt;
      cutBlobsAt = undefined;
      answer.on('data', (piece: Buffer) => {
        response.write(piece.subarray(0, left));
        left -= piece.length;
        if (left > 0) return;
        answer.destroy();
        setTimeout(() => response.destroy(), 100);
      });
    });
    outgoing.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  front = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  seen.length = 0;
  trouble = () => false;
  cutBlobsAt = undefined;
  contentType = undefined;
});

/** Pulls everything; returns what was said and for how long it would have been waited. */
async function pull(): Promise<{ readonly pauses: readonly number[]; readonly said: readonly string[] }> {
  const [pauses, said]: [number[], string[]] = [[], []];
  const source = openRegistry(parseReference(`${front}/test/os:v1`), {
    authFiles: [],
    transport: nodeTransport({ environment: {} }),
    sleep: (pause) => Promise.resolve(void pauses.push(pause)),
    onLine: (line) => void said.push(line.replace(front, 'registry')),
  });
  const image = await resolveImage(source, 'amd64');
  for (const { descriptor } of image.layers) {
    let size = 0;
    for await (const piece of verifiedBytes(source, descriptor, 'blob')) size += piece.length;
    expect(size).toBe(descriptor.size);
  }
  expect(image.layers.map(({ diffId }) => diffId)).toEqual(diffIds);
  return { pauses, said };
}

/** The first `times` requests of a kind get that answer. */
const busy =
  (kind: string, times: number, status: number, headers: Record<string, string> = {}): Trouble =>
  (incoming, response, count) => {
    if (!kindOf(incoming).startsWith(kind) || count > times) return false;
    response.writeHead(status, headers).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}');
    return true;
  };

describe('openRegistry() outlasts', () => {
  it('a blob that breaks off, by the range that is missing', async () => {
    cutBlobsAt = 1_000_000;
    const { pauses, said } = await pull();
    expect(pauses).toEqual([1000]);
    expect(said[0]).toMatch(/^registry: it broke off after 1000000 bytes of \d+; trying again in 1 s$/);
    expect(seen).toContain('blobs bytes=1000000-');
  });

  it.each([
    ['429 for a manifest', busy('manifests', 1, 429, { 'retry-after': '7' }), [7000]],
    ['429 for a blob', busy('blobs', 2, 429, { 'retry-after': '2' }), [2000, 2000]],
    ['503 for a manifest', busy('manifests', 2, 503), [1000, 2000]],
    ['502 for a blob', busy('blobs', 1, 502), [1000]],
  ])('%s', async (_, happens, wanted) => {
    trouble = happens;
    const { pauses, said } = await pull();
    expect(pauses).toEqual(wanted);
    expect(said[0]).toMatch(/^registry: the server answered (?:429|502|503) .*; trying again in \d+ s$/);
  });

  it.each(['manifests', 'blobs'])('a connection that is reset for %s', async (kind) => {
    trouble = (incoming, _, count) => {
      if (kindOf(incoming) !== kind || count > 1) return false;
      incoming.socket.resetAndDestroy();
      return true;
    };
    expect(await pull()).toEqual({
      pauses: [1000],
      said: ['registry: the connection was closed before an answer came; trying again in 1 s'],
    });
  });

  it('a token server that is busy, and a token that expires within a blob', async () => {
    let token = 0;
    let asked = 0;
    cutBlobsAt = 1_000_000;
    trouble = (incoming, response) => {
      if (incoming.url?.startsWith('/token') === true) {
        asked += 1;
        if (asked === 1) response.writeHead(503, { 'retry-after': '3' }).end();
        else response.writeHead(200).end(JSON.stringify({ token: `t${(token += 1)}` }));
        return true;
      }
      // A token is good for everything up to the break.
      const wanted = incoming.headers.range === undefined ? 't1' : 't2';
      if (incoming.headers.authorization === `Bearer ${wanted}`) return false;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${front}/token"` }).end();
      return true;
    };
    expect((await pull()).pauses).toEqual([3000, 1000]);
    expect(asked).toBe(3);
  });
});

describe('openRegistry() takes', () => {
  const challenge = (scheme: string): string =>
    `${scheme} realm="http://${front}/token",service="a, b=c",scope="repository:test/os:pull"`;

  it.each<readonly [string, () => string | string[]]>([
    ['a token in front of a password', () => `${challenge('Bearer')}, Basic realm="Registry"`],
    ['a token behind a password', () => `Basic realm="Registry", ${challenge('Bearer')}`],
    ['a token in a header of its own', () => ['Basic realm="Registry"', challenge('Bearer')]],
    ['a token beside what it does not know', () => `Negotiate YII=, ${challenge('Bearer')}`],
    ['a token in words of any case', () => challenge('bearer').replace('realm', 'Realm')],
  ])('%s', async (_, header) => {
    const services: unknown[] = [];
    trouble = (incoming, response) => {
      if (incoming.url?.startsWith('/token') === true) {
        services.push(new URL(incoming.url, 'http://registry').searchParams.get('service'));
        response.writeHead(200).end('{"token":null,"access_token":"good"}');
        return true;
      }
      if (incoming.headers.authorization === 'Bearer good') return false;
      response.writeHead(401, { 'www-authenticate': header() }).end();
      return true;
    };
    await pull();
    expect(services).toEqual(['a, b=c']);
  });

  it.each(['text/plain; charset=utf-8', 'application/json', 'application/octet-stream', ''])(
    'a manifest that its server calls "%s"',
    async (type) => {
      contentType = type;
      expect(await pull()).toEqual({ pauses: [], said: [] });
    },
  );
});

describe('openRegistry() gives up', () => {
  it('at once for a login page in the place of a manifest, and says so', async () => {
    trouble = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>');
      return true;
    };
    await expect(pull()).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('answered with text/html that is not a manifest') as unknown,
    });
  });

  it.each([
    ['403', 403, 'REGISTRY_UNAUTHORIZED'],
    ['404', 404, 'IMAGE_NOT_FOUND'],
    ['400', 400, 'REGISTRY_REFUSED'],
  ])('at once for %s', async (_, status, code) => {
    trouble = busy('manifests', 99, status, { 'retry-after': '1' });
    await expect(pull()).rejects.toMatchObject({ code });
    expect(seen).toEqual(['manifests']);
  });

  it.each([
    ['{"errors":[{"code":"DENIED","message":"quota exceeded"}]}', ' (DENIED: quota exceeded), for test/os'],
    ['{"errors":[{"code":"DENIED","message":null,"detail":{}}]}', ' (DENIED), for test/os'],
    ['{"errors":[]}', ', for test/os'],
    ['<html>Forbidden', ', for test/os'],
  ])('in the words of the registry, if it has any: %s', async (body, words) => {
    trouble = (_, response) => {
      response.writeHead(403).end(body);
      return true;
    };
    await expect(pull()).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      message: `Cannot pull from ${front}: the server answered 403 Forbidden${words}`,
    });
  });

  it('after eight tries, and says so', async () => {
    trouble = busy('manifests', 99, 503);
    await expect(pull()).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringMatching(/8 more tries failed; the last one: the server answered 503/) as unknown,
      facts: { status: 503 },
    });
    expect(seen).toHaveLength(9);
  });
});
