/** Which proxy is asked, with curl as the judge, and requests through a real one. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HttpFailure, readSmall, request } from '../src/http/index.ts';
import { nodeTransport } from '../src/http/node-transport.ts';
import { proxyFor } from '../src/http/proxy.ts';

type Environment = Readonly<Record<string, string>>;

const folder = mkdtempSync(join(tmpdir(), 'cocon-proxy-'));
const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('proxyFor() decides as curl does', () => {
  const asked: string[] = [];
  let port = 0;
  beforeAll(async () => {
    const proxy = createServer((incoming, response) => {
      asked.push(incoming.url ?? '');
      response.end();
    });
    proxy.on('connect', (incoming, socket) => {
      asked.push(incoming.url ?? '');
      socket.end('HTTP/1.1 403 No\r\n\r\n');
    });
    port = await listen(proxy);
  });

  /** Whether curl asks the proxy; PROXY stands for it in the variables. */
  async function curlAsks(url: string, environment: Environment): Promise<boolean> {
    asked.length = 0;
    await promisify(execFile)('curl', ['-s', '--max-time', '2', url], { env: environment }).catch(() => {});
    return asked.length > 0;
  }

  const HTTP = { http_proxy: 'http://PROXY' };
  it.each<readonly [string, Environment]>([
    ['http://a.invalid/', HTTP],
    ['http://a.invalid/', { http_proxy: 'PROXY' }],
    ['http://a.invalid/', { http_proxy: 'http://user:pass@PROXY' }],
    ['https://a.invalid/', HTTP],
    ['https://a.invalid/', { https_proxy: 'http://PROXY' }],
    ['https://a.invalid/', { HTTPS_PROXY: 'http://PROXY' }],
    ['http://a.invalid/', { all_proxy: 'http://PROXY' }],
    ['https://a.invalid/', { ALL_PROXY: 'http://PROXY' }],
    ['http://a.invalid/', { http_proxy: '', all_proxy: '' }],
    ['https://a.invalid/', { https_proxy: '', HTTPS_PROXY: 'http://PROXY' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: '*' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: '' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'a.invalid' }],
    ['http://a.invalid/', { ...HTTP, NO_PROXY: 'a.invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'b.invalid', NO_PROXY: 'a.invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'b.invalid, A.INVALID' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'b.invalid a.invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: '.invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'nvalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'x.a.invalid' }],
    ['http://a.invalid./', { ...HTTP, no_proxy: 'a.invalid' }],
    ['http://a.invalid/', { ...HTTP, no_proxy: 'a.invalid.' }],
    ['http://127.0.0.1:1/', HTTP],
    ['http://127.0.0.1:1/', { ...HTTP, no_proxy: '127.0.0.1' }],
    ['http://127.0.0.1:1/', { ...HTTP, no_proxy: '127.0.0.0/8' }],
    ['http://127.0.0.1:1/', { ...HTTP, no_proxy: '128.0.0.0/8' }],
    ['http://127.0.0.1:1/', { ...HTTP, no_proxy: '0.0.1' }],
    ['http://[::1]:1/', { ...HTTP, no_proxy: '::1' }],
  ])('%s with %j', async (url, template) => {
    const environment = Object.fromEntries(
      Object.entries(template).map(([name, value]) => [name, value.replace('PROXY', `127.0.0.1:${port}`)]),
    );
    expect(proxyFor(url, environment) !== undefined).toBe(await curlAsks(url, environment));
  });
});

describe('proxyFor() where it is more than curl', () => {
  it('takes HTTP_PROXY, and in no_proxy ports and networks of IPv6', () => {
    expect(proxyFor('http://a.invalid/', { HTTP_PROXY: 'http://p:1' })).toBe('http://p:1');
    const environment = { http_proxy: 'http://p:1', no_proxy: 'a.invalid:8080,*.b.invalid' };
    expect(proxyFor('http://a.invalid:8080/', environment)).toBeUndefined();
    expect(proxyFor('http://a.invalid/', environment)).toBe('http://p:1');
    expect(proxyFor('http://x.b.invalid/', environment)).toBeUndefined();
    for (const no_proxy of ['[::1]', '[::1]:80', '::/64'])
      expect(proxyFor('http://[::1]/', { http_proxy: 'http://p:1', no_proxy })).toBeUndefined();
  });

  it.each(['socks5://user:secret@p:1', 'http://user:secret@:::'])('names the variable of %s', (value) => {
    expect(() => proxyFor('http://a.invalid/', { all_proxy: value })).toThrow(
      expect.objectContaining({
        kind: 'unsupported',
        message: expect.stringMatching(/^all_proxy is "[^"]*\*\*\*[^"]*"/) as unknown,
        hint: expect.stringContaining('all_proxy') as unknown,
      }),
    );
    expect(() => proxyFor('http://a.invalid/', { all_proxy: value })).not.toThrow('secret');
  });
});

it.each(['http://127.0.0.1:65536/', 'http://256.0.0.1/', 'http://1.2.3.4.5/', 'http://a%00b/'])(
  'nodeTransport() refuses %s, with a proxy and without',
  async (url) => {
    for (const environment of [{}, { http_proxy: 'http://127.0.0.1:1' }]) {
      await expect(request(nodeTransport({ environment }), url)).rejects.toMatchObject({
        kind: 'unsupported',
        message: 'it is not a valid http:// or https:// URL',
      });
    }
  },
);

describe('through tinyproxy', () => {
  let proxy = '';
  let origin = 0;
  const log = join(folder, 'tinyproxy.log');

  beforeAll(async () => {
    origin = await listen(
      createServer((incoming, response) => {
        if (incoming.url === '/busy') response.writeHead(503).end();
        else response.end(JSON.stringify([incoming.headers.host, incoming.headers.authorization ?? null]));
      }),
    );
    const free = createServer();
    const port = await listen(free);
    await new Promise((resolve) => {
      free.close(resolve);
    });
    const configuration = join(folder, 'tinyproxy.conf');
    writeFileSync(
      configuration,
      `Port ${port}\nListen 127.0.0.1\nLogFile "${log}"\nBasicAuth user pass\nConnectPort 443\nTimeout 10\n`,
    );
    const child = spawn('tinyproxy', ['-d', '-c', configuration], { stdio: 'ignore' });
    stops.push(() => void child.kill());
    proxy = `user:pass@127.0.0.1:${port}`;
    for (let tries = 0; tries < 200; tries += 1) {
      const socket = connect(port, '127.0.0.1');
      const isUp = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (isUp) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`tinyproxy does not answer: ${readFileSync(log, 'utf8')}`);
  });

  const through = (value: string) =>
    nodeTransport({ environment: { http_proxy: value, https_proxy: value }, silence: 10_000 });
  const failureOf = async (url: string, value: string): Promise<HttpFailure> => {
    const thrown: unknown = await request(through(value), url).catch((reason: unknown) => reason);
    if (thrown instanceof HttpFailure) return thrown;
    throw new Error('no failure', { cause: thrown });
  };

  it('a request arrives, with its own credentials and not those of the proxy', async () => {
    const url = `http://me:mine@127.0.0.1:${origin}/x`;
    const answer = await request(through(`http://${proxy}`), url);
    const body = Buffer.from(await readSmall(answer, 1000)).toString();
    expect(JSON.parse(body)).toEqual([`127.0.0.1:${origin}`, `Basic ${btoa('me:mine')}`]);
    expect(readFileSync(log, 'utf8')).toContain(`http://127.0.0.1:${origin}/x`);
  });

  it('an answer that is not wanted names the proxy, and not its password', async () => {
    const answer = await request(through(`http://${proxy}`), `http://127.0.0.1:${origin}/busy`);
    expect(answer).toMatchObject({
      status: 503,
      proxy: expect.stringMatching(/^http:\/\/\*\*\*@127/) as unknown,
    });
    answer.close();
  });

  it('a connection that the proxy does not make is the proxy’s failure', async () => {
    const failure = await failureOf(`https://127.0.0.1:${origin}/`, `http://${proxy}`);
    expect(failure.message).toMatch(/^the proxy http:\/\/\*\*\*@127\.0\.0\.1:\d+ answered 403 /);
    expect(failure).toMatchObject({ kind: 'status', status: 403, temporary: false });
    const unknown = await failureOf(`https://127.0.0.1:${origin}/`, proxy.replace('pass', 'mistaken'));
    expect(unknown).toMatchObject({
      temporary: false,
      message: expect.stringMatching(/answered 40[17]/) as unknown,
    });
    expect(`${unknown.message}${unknown.hint}`).not.toContain('mistaken');
  });

  it('a proxy that does not speak HTTP is called that', async () => {
    const garbage = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n'));
    });
    garbage.listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    stops.push(() => void garbage.close());
    const { port } = garbage.address() as AddressInfo;
    for (const scheme of ['http', 'https']) {
      const failure = await failureOf(`${scheme}://a.invalid/`, `http://user:pass@127.0.0.1:${port}`);
      expect(failure.kind).toBe('protocol');
      expect(failure.message).toMatch(/^what came is not HTTP, asked through the proxy http:\/\/\*\*\*@127/);
    }
  });

  it('a proxy that is not there is named', async () => {
    const failure = await failureOf('http://a.invalid/', 'http://user:pass@127.0.0.1:1');
    expect(failure.message).toBe(
      'the connection was refused, asked through the proxy http://***@127.0.0.1:1',
    );
    expect(failure).toMatchObject({
      kind: 'unreachable',
      hint: expect.stringContaining('http_proxy') as unknown,
    });
  });
});
