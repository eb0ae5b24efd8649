/** Requests by Node, through the proxy that the environment wants. */
import { Agent, get as getHttp, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, get as getHttps } from 'node:https';

import { messageOf } from '../errors.ts';
import { shownUrl } from '../secrets.ts';
import { HttpFailure } from './failure.ts';
import { proxyFor } from './proxy.ts';
import { byProxy, invalidUrl, statusFailure } from './request.ts';
import type { HttpAnswer, HttpTransport } from './transport.ts';

/**
 * The longest silence before a connection counts as broken, in milliseconds. A line that stalls
 * comes back within seconds or not at all (a modem that changed cells, a server that went away),
 * and a new connection costs one request. The device has the same limit
 * (`native/device/src/platform/http.rs`).
 */
const SILENCE = 30_000;
const PIECE = 1_048_576;

/** What a transport depends on besides Node. */
export interface NodeTransportOptions {
  /** Where proxies are looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Longest silence in milliseconds. */
  readonly silence?: number;
}

/** A transport of this process. Each request has a connection of its own. */
export function nodeTransport({
  environment = process.env,
  silence = SILENCE,
}: NodeTransportOptions = {}): HttpTransport {
  return {
    async get(url, headers) {
      // Its rules for hosts are stricter than RFC 3986: 256.1.1.1 is not one.
      if (!URL.canParse(url)) throw invalidUrl();
      const proxy = proxyFor(url, environment);
      const shown = proxy === undefined ? undefined : shownUrl(proxy);
      const response = await head(url, headers, proxy, silence).catch((thrown: unknown) => {
        throw refused(thrown, shown);
      });
      return answerOf(response, shown, silence);
    },
  };
}

function head(
  url: string,
  headers: Readonly<Record<string, string>>,
  proxy: string | undefined,
  silence: number,
): Promise<IncomingMessage> {
  const secure = url.startsWith('https:');
  const options = {
    keepAlive: false,
    ...(proxy === undefined ? {} : { proxyEnv: { http_proxy: proxy, https_proxy: proxy } }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = secure
    ? getHttps(url, { headers, agent: new SecureAgent(options) }, resolve)
    : getHttp(url, { headers, agent: new Agent(options) }, resolve);
  const timer = setTimeout(() => asked.destroy(new Silence(silence)), silence);
  asked.on('error', reject);
  return promise.finally(() => clearTimeout(timer));
}

function answerOf(response: IncomingMessage, proxy: string | undefined, silence: number): HttpAnswer {
  const pieces: AsyncIterator<unknown> = response[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  // One that nobody reads any more breaks without anybody to hear it.
  response.on('error', () => {});
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    header: (name) => {
      const value = [response.headers[name] ?? []].flat().join(', ');
      // Node makes a character of each byte.
      return value === '' ? undefined : Buffer.from(value, 'latin1').toString('utf8');
    },
    async read() {
      while (rest.length === 0) {
        const timer = setTimeout(() => response.destroy(new Silence(silence)), silence);
        const { value, done } = await pieces
          .next()
          .catch((cause: unknown) => {
            throw broken(cause);
          })
          .finally(() => clearTimeout(timer));
        if (done === true) return undefined;
        if (value instanceof Uint8Array) rest = value;
      }
      const piece = rest.subarray(0, PIECE);
      rest = rest.subarray(piece.length);
      return piece;
    },
    close: () => void response.destroy(),
    proxy,
  };
}

/** A server that sends nothing. */
class Silence extends Error {
  constructor(milliseconds: number) {
    super(`nothing came for ${milliseconds / 1000} s`);
    this.name = 'Silence';
  }
}

function broken(cause: unknown): HttpFailure {
  if (cause instanceof Silence) return new HttpFailure('broken', cause.message, { cause });
  const code = codeOf(cause);
  if (code?.startsWith('HPE_') === true)
    return new HttpFailure('protocol', `the server breaks the rules of HTTP: ${messageOf(cause)}`, { cause });
  return new HttpFailure('broken', 'it broke off', { cause });
}

/** Why no answer came. */
function refused(cause: unknown, proxy: string | undefined): HttpFailure {
  if (cause instanceof HttpFailure) return cause;
  const code = codeOf(cause);
  const through = proxy === undefined ? '' : byProxy(proxy);
  const status = cause instanceof Error ? Reflect.get(cause, 'statusCode') : undefined;
  if (proxy !== undefined && typeof status === 'number')
    return Number.isInteger(status)
      ? proxyAnswered(status, proxy, cause)
      : new HttpFailure('protocol', `what came is not HTTP${through}`, { cause });
  if (code?.startsWith('HPE_') === true)
    return new HttpFailure('protocol', `what came is not HTTP${through}: ${messageOf(cause)}`, { cause });
  const certificate = code !== undefined && /CERT|TLS|SSL|VERIFY/.test(code);
  return new HttpFailure('unreachable', `${reasonOf(cause, code)}${through}`, {
    cause,
    temporary: !certificate,
    hint: certificate
      ? 'If the certificate is that of an authority of your own, name its file in NODE_EXTRA_CA_CERTS.'
      : proxy === undefined
        ? 'Check the network, and that the server runs.'
        : 'Check the proxy, as http_proxy, https_proxy and no_proxy name it, and that the server runs.',
  });
}

/** A proxy that does not connect to the server. */
function proxyAnswered(status: number, proxy: string, cause: unknown): HttpFailure {
  const { temporary, hint } = statusFailure(
    {
      status: status === 401 ? 407 : status,
      statusText: '',
      header: () => undefined,
      read: () => Promise.resolve(undefined),
      close() {},
    },
    0,
  );
  return new HttpFailure('status', `the proxy ${proxy} answered ${status} when it was asked to connect`, {
    status,
    temporary,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed before an answer came',
};

function reasonOf(cause: unknown, code: string | undefined): string {
  return (code === undefined ? undefined : REASONS[code]) ?? messageOf(cause);
}

function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
