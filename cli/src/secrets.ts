/**
 * URLs as messages may show them. A password, a token and the signature of a signed URL lead
 * whoever reads a log to the file, so neither user information nor the values of a query are ever
 * printed (RFC 3986 §3.2.1 asks for the former).
 */

const HIDDEN = '***';
const HOST = /^(?:[^:@[\]]+|\[[^\]@]*\])(?::\d+)?$/;
/**
 * A URL in a text, whatever stands in front (`url=`, `_`, the end of a colour's escape sequence), and the
 * punctuation that ends it when more of the sentence follows. A quote ends it too, but not in a
 * password (RFC 3986 §3.2.1).
 */
const URL_IN_TEXT =
  /[a-z][a-z0-9+.-]{0,30}:\/\/(?:[^\s"<>`]*@)?[^\s"'<>`]*?(?=[.,:;!)\]}]*(?:[\s"'<>`]|$))/gi;

/**
 * `url` without its secrets: `http://***@host/os.oci?X-Amz-Signature=***`. A text that is not a URL
 * stays as it is.
 */
export function shownUrl(url: string): string {
  const start = url.indexOf('://') + 3;
  if (start < 3) return url;
  const [, head = '', query, fragment] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url.slice(start)) ?? [];
  return (
    url.slice(0, start) +
    shownHead(head, `${query ?? ''}${fragment ?? ''}`) +
    (query === undefined ? '' : shownQuery(query)) +
    (fragment === undefined ? '' : `#${HIDDEN}`)
  );
}

/** `text` with every URL in it as {@link shownUrl} shows it. Idempotent. */
export function redact(text: string): string {
  return text.includes('://') ? text.replaceAll(URL_IN_TEXT, shownUrl) : text;
}

/**
 * Authority and path. A password with an unescaped slash in it ends the authority too early, so it
 * is looked for behind.
 */
function shownHead(head: string, rest: string): string {
  const slash = head.indexOf('/');
  const authority = slash < 0 ? head : head.slice(0, slash);
  if (authority === '' || HOST.test(authority)) return head;
  const end = HOST.test(authority.slice(authority.lastIndexOf('@') + 1))
    ? authority.lastIndexOf('@')
    : head.lastIndexOf('@');
  // Something that is neither a host nor followed by one, as a password cut off by a question mark.
  return end < 0 || rest.includes('@') ? HIDDEN : `${HIDDEN}${head.slice(end)}`;
}

function shownQuery(query: string): string {
  const parts = query.slice(1).split('&');
  const shown = parts.map((part) =>
    part.includes('=') ? `${part.slice(0, part.indexOf('='))}=${HIDDEN}` : HIDDEN,
  );
  return `?${query === '?' ? '' : shown.join('&')}`;
}
