/**
 * One request to wherever it leads: redirects, user information in URLs, and what a status means.
 */
import { shownUrl } from '../secrets.ts';
import { HttpFailure } from './failure.ts';
import type { HttpAnswer, HttpTransport } from './transport.ts';
import { basicOf, formatUrl, isSameOrigin, parseUrl, resolveUrl, type HttpUrl } from './url.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Statuses of a server, or of what stands in front of it, that is restarting or busy. 520 to 524
 * are Cloudflare's for a server that does not answer it.
 */
const TEMPORARY: readonly number[] = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524];

/** What to do about a status that does not get better by waiting. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [401, 'The server wants a user name and a password, or other ones: http://<user>:<password>@host/path.'],
  [403, 'The server does not let this machine have it. If the address is a signed one, it may have expired.'],
  [404, 'Check the URL, and that the server has the file.'],
  [407, 'The proxy wants a user name and a password, or other ones: http://<user>:<password>@host:port.'],
  [410, 'The server has taken the file away for good; use another address.'],
]);

/** A body is taken as it is: ranges and lengths are those of the file. */
const HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'cocon-os' };

/**
 * Asks for `address` and for what its redirects lead to. Returns the first answer that is not a
 * redirect, whatever its status. User and password, and an `authorization` among `headers`, go to
 * the server that the address names and to no other. Throws {@link HttpFailure}.
 */
export async function request(
  transport: HttpTransport,
  address: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  const { authorization: given, ...others } = headers;
  let url = parsed(address);
  let authorization = url.userinfo === undefined ? given : basicOf(url.userinfo);
  for (let hops = 0; ; hops += 1) {
    const answer = await transport.get(formatUrl(url), {
      ...HEADERS,
      ...others,
      ...(authorization === undefined ? {} : { authorization }),
    });
    if (!REDIRECTS.includes(answer.status)) return answer;
    answer.close();
    if (hops === MAX_REDIRECTS)
      throw new HttpFailure('status', `it redirects more than ${MAX_REDIRECTS} times`, {
        hint: 'The server sends in a circle. Check the URL.',
        status: answer.status,
      });
    const location = answer.header('location') ?? '';
    const next: HttpUrl | undefined = location === '' ? undefined : resolveUrl(url, location);
    if (next === undefined)
      throw new HttpFailure(
        'unsupported',
        `it redirects to "${shownUrl(location)}", which cannot be fetched`,
        {
          hint: 'Check the URL with whoever runs the server.',
          status: answer.status,
        },
      );
    if (next.userinfo !== undefined) authorization = basicOf(next.userinfo);
    else if (!isSameOrigin(url, next)) authorization = undefined;
    url = next;
  }
}

function parsed(address: string): HttpUrl {
  const url = parseUrl(address);
  if (url !== undefined) return url;
  throw invalidUrl();
}

/** The failure for an address that nothing can be asked by. */
export function invalidUrl(): HttpFailure {
  return new HttpFailure('unsupported', 'it is not a valid http:// or https:// URL', {
    hint: 'Write it like http://updates.example/os.oci.',
  });
}

/** The failure that an answer with an unwanted status is. Closes the answer. */
export function statusFailure(answer: HttpAnswer, now: number): HttpFailure {
  answer.close();
  const { status, statusText, proxy } = answer;
  const temporary = TEMPORARY.includes(status);
  const retryAfter = temporary ? retryAfterOf(answer, now) : undefined;
  return new HttpFailure(
    'status',
    `the server answered ${status} ${statusText}`.trimEnd() + (proxy === undefined ? '' : byProxy(proxy)),
    {
      status,
      temporary,
      hint: temporary
        ? 'The server is restarting or busy. Try again later; nothing was lost.'
        : (HINTS.get(status) ?? 'Check the URL, and that the server has the file.'),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  );
}

/** How a reason names the proxy that was asked. */
export function byProxy(proxy: string): string {
  return `, asked through the proxy ${shownUrl(proxy)}`;
}

/**
 * `Retry-After` in milliseconds (RFC 9110 §10.2.3): seconds, or a date. A date is compared with the
 * server's own, since a device's clock may not be set; `now` (Unix seconds) stands in for a server
 * that does not send one.
 */
export function retryAfterOf(answer: Pick<HttpAnswer, 'header'>, now: number): number | undefined {
  const value = answer.header('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return undefined;
  const sent = Date.parse(answer.header('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sent) ? now * 1000 : sent));
}
