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

/** Go writes `""` or `null` for the one that a server does not use. */
const optionalToken = z
  .string()
  .nullish()
  .transform((token) => token || undefined);
const tokenAnswer = z.object({ token: optionalToken, access_token: optionalToken });

/** A name, and its value where it has one; both as RFC 9110 §5.6 has them. */
const WORD = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+)))?/g;

/**
 * Reads `Bearer realm="…",service="…", Basic realm="…"`: a server may offer several, in one header
 * or in several (RFC 9110 §11.6.1). A name with a value is a parameter, one without begins a
 * challenge.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const [, name = '', quoted, plain] of header.matchAll(WORD)) {
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return challenges;
}

/**
 * The value for the `Authorization` header: by a token where the registry takes one, because it may
 * be had without a user. Throws `REGISTRY_UNAUTHORIZED`, and an `HttpFailure` for a token server
 * that may answer another time.
 */
export async function authorize(
  challenges: readonly Challenge[],
  credentials: Credentials | undefined,
  scope: string,
  registry: { readonly name: string; readonly insecure: boolean; readonly transport: HttpTransport },
): Promise<string> {
  const challenge = challenges.find(({ scheme }) => scheme === 'bearer');
  const realm = challenge?.parameters.get('realm');
  if (challenge === undefined || realm === undefined || !URL.canParse(realm)) {
    if (challenges.some(({ scheme }) => scheme === 'basic')) return basicOf(credentials, registry.name);
    const asked = challenges.map(({ scheme }) => `"${scheme}"`).join(', ');
    throw unauthorized(registry.name, `it asks for ${asked || 'nothing'}, which is not understood`);
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

function basicOf(credentials: Credentials | undefined, registry: string): string {
  if (credentials !== undefined) return basic(credentials);
  throw unauthorized(registry, 'it wants a user name and a password, and none are known');
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
