/**
 * Answers a registry's `WWW-Authenticate` challenge: Basic, or a Bearer token from its token server
 * (distribution's token spec).
 */
import { HttpFailure, readSmall, request, statusFailure, type HttpTransport } from '@cocon-os/cli/http';
import { z } from 'zod';

import { BuilderError } from '../../errors.ts';
import { parse } from '../descriptor.ts';
import type { Credentials } from './credentials.ts';

/** Largest answer of a token server, in bytes. */
const ANSWER_LIMIT = 2 ** 20;

/** A challenge: its scheme, in lower case, and its parameters. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Reads `Bearer realm="…",service="…"` (RFC 9110 §11.6.1). */
export function parseChallenge(header: string): Challenge {
  const [scheme = '', ...rest] = header.trim().split(/\s+/);
  const parameters = new Map<string, string>();
  for (const match of rest.join(' ').matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))/g)) {
    parameters.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  return { scheme: scheme.toLowerCase(), parameters };
}

/**
 * The value for the `Authorization` header. Throws `REGISTRY_UNAUTHORIZED`, and an `HttpFailure`
 * for a token server that may answer another time.
 */
export async function authorize(
  challenge: Challenge,
  credentials: Credentials | undefined,
  scope: string,
  registry: { readonly name: string; readonly insecure: boolean; readonly transport: HttpTransport },
): Promise<string> {
  if (challenge.scheme === 'basic') {
    if (credentials === undefined)
      throw unauthorized(registry.name, 'it wants a user name and a password, and none are known');
    return basic(credentials);
  }
  const realm = challenge.parameters.get('realm');
  if (challenge.scheme !== 'bearer' || realm === undefined || !URL.canParse(realm)) {
    throw unauthorized(registry.name, `it asks for "${challenge.scheme}", which is not understood`);
  }
  const url = new URL(realm);
  if (url.protocol !== 'https:' && !registry.insecure) {
    throw unauthorized(registry.name, `its token server ${url.origin} does not use https`);
  }
  const service = challenge.parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', challenge.parameters.get('scope') ?? scope);
  const answer = parse(
    tokenAnswer,
    await ask(url, credentials, registry),
    `the answer of ${url.origin}`,
    'a token',
  );
  const token = answer.token ?? answer.access_token;
  if (token === undefined)
    throw unauthorized(registry.name, `its token server ${url.origin} answered without a token`);
  return `Bearer ${token}`;
}

async function ask(
  url: URL,
  credentials: Credentials | undefined,
  registry: { readonly name: string; readonly transport: HttpTransport },
): Promise<Uint8Array> {
  const headers: Record<string, string> =
    credentials === undefined ? {} : { authorization: basic(credentials) };
  try {
    const answer = await request(registry.transport, url.href, headers);
    if (answer.status !== 200) throw statusFailure(answer, Date.now() / 1000);
    return await readSmall(answer, ANSWER_LIMIT);
  } catch (thrown) {
    if (!(thrown instanceof HttpFailure)) throw thrown;
    const { kind, message, temporary, status, retryAfter, hint } = thrown;
    if (!temporary) throw unauthorized(registry.name, `its token server ${url.origin}: ${message}`, thrown);
    throw new HttpFailure(kind, `its token server ${url.origin}: ${message}`, {
      temporary,
      cause: thrown,
      ...(status === undefined ? {} : { status }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** The error for a registry that does not let us in. */
export function unauthorized(registry: string, what: string, cause?: unknown): BuilderError {
  return new BuilderError('REGISTRY_UNAUTHORIZED', `Cannot pull from ${registry}: ${what}`, {
    hint: 'Log in with skopeo login or docker login, or point REGISTRY_AUTH_FILE at your auth file.',
    cause,
  });
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
