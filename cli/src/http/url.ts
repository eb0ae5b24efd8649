/**
 * The addresses of HTTP (RFC 9110 §4.2), for an engine without `URL`. What is not changed is sent
 * as it was written: a signed URL in another spelling has another signature, which is why a library
 * that normalizes cannot take this file's place.
 */
import { encodeBase64 } from './base64.ts';

/** An `http:` or `https:` URL in its parts. */
export interface HttpUrl {
  readonly scheme: 'http' | 'https';
  /** Host, and port where one is written. */
  readonly authority: string;
  /** Path and query, which begin with `/`. */
  readonly target: string;
  /** User and password as they are written, percent-encoded. */
  readonly userinfo: string | undefined;
}

/** RFC 3986 appendix B, for the two schemes. */
const ABSOLUTE = /^(https?):\/\/(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(\?[^#]*)?/i;
const AUTHORITY = /^(?:[^\s:[\]@\\]+|\[[0-9a-fA-F:.]+\])(?::\d{0,5})?$/;
const MAX_PORT = 65_535;

/** Reads a URL; `undefined` for one without a host or with another scheme. */
export function parseUrl(text: string): HttpUrl | undefined {
  const [, scheme = '', userinfo, authority = '', path = '', query = ''] = ABSOLUTE.exec(text) ?? [];
  const target = `${path === '' ? '/' : path}${query}`;
  const port = Number(/:(\d+)$/.exec(authority)?.[1] ?? 0);
  if (!AUTHORITY.test(authority) || port > MAX_PORT || hasControls(target)) return undefined;
  return {
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    authority: authority.toLowerCase(),
    target: escaped(target),
    userinfo,
  };
}

/**
 * Where the `Location` of an answer to `base` leads (RFC 3986 §5.2); `undefined` when HTTP does not
 * lead there.
 */
export function resolveUrl(base: HttpUrl, location: string): HttpUrl | undefined {
  const [reference = ''] = location.trim().split('#');
  if (/^[a-z][a-z0-9+.-]*:/i.test(reference)) return parseUrl(reference);
  if (reference.startsWith('//')) return parseUrl(`${base.scheme}:${reference}`);
  if (hasControls(reference)) return undefined;
  const { path, query } = split(base.target);
  const { path: to, query: toQuery } = split(reference);
  const merged =
    to === ''
      ? path
      : removeDots(to.startsWith('/') ? to : `${path.slice(0, path.lastIndexOf('/') + 1)}${to}`);
  const target = `${merged}${to === '' && toQuery === '' ? query : toQuery}`;
  return { scheme: base.scheme, authority: base.authority, target: escaped(target), userinfo: undefined };
}

/** As it is asked for: without user information. */
export function formatUrl({ scheme, authority, target }: HttpUrl): string {
  return `${scheme}://${authority}${target}`;
}

/** Whether both are of one server, which may see the same credentials (RFC 9110 §4.3.1). */
export function isSameOrigin(a: HttpUrl, b: HttpUrl): boolean {
  return a.scheme === b.scheme && hostAndPort(a) === hostAndPort(b);
}

/**
 * `Authorization` for user and password as a URL has them (RFC 7617); both may be percent-encoded.
 */
export function basicOf(userinfo: string): string {
  const [user = '', ...password] = userinfo.split(':');
  return `Basic ${encodeBase64(bytesOf(`${user}:${password.join(':')}`))}`;
}

function hostAndPort({ scheme, authority }: HttpUrl): string {
  const [, host, port] = /^(.*?)(?::(\d*))?$/.exec(authority) ?? [];
  return `${host}:${port === undefined || port === '' ? (scheme === 'https' ? 443 : 80) : Number(port)}`;
}

function split(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark) };
}

/** RFC 3986 §5.2.4, of a path that begins with `/`. */
function removeDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '..' && segment !== '.') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** What a request line cannot carry, percent-encoded; servers write such into `Location`. */
function escaped(target: string): string {
  return target.replaceAll(/[^\u0021-\u007E]+|["<>`{}|^\\]/gu, (part) =>
    encodeURIComponent(part.toWellFormed()),
  );
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/**
 * The bytes of a text whose `%XX` stand for bytes; a percent sign that escapes nothing stands for
 * itself.
 */
function bytesOf(text: string): Uint8Array {
  const encoded = text
    .replaceAll(/%(?![0-9a-fA-F]{2})/g, '%25')
    .replaceAll(/\P{ASCII}+/gu, (part) => encodeURIComponent(part.toWellFormed()));
  return Uint8Array.from(encoded.match(/%[0-9a-fA-F]{2}|./gs) ?? [], (each) =>
    each.length === 3 ? Number.parseInt(each.slice(1), 16) : each.charCodeAt(0),
  );
}
