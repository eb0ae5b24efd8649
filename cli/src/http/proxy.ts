/**
 * Which proxy the environment wants for an address, by curl's rules (curl(1), "ENVIRONMENT"), which
 * most users know: names in lower case come first, `all_proxy` is for what has none of its own, and
 * an entry of `no_proxy` covers the host and all below it. Node's rules for `no_proxy` are others,
 * so Node is handed the outcome alone. Unlike curl, `HTTP_PROXY` counts: its exclusion guards CGI
 * programs, and this is none.
 */
import { BlockList, isIP } from 'node:net';

import { shownUrl } from '../secrets.ts';
import { HttpFailure } from './failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy's URL for an `http://` or `https://` URL. Throws {@link HttpFailure} `unsupported` for
 * one that cannot be used.
 */
export function proxyFor(url: string, environment: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol.slice(0, -1);
  const [name, value] = valueOf(environment, `${scheme}_proxy`) ?? valueOf(environment, 'all_proxy') ?? [];
  if (name === undefined || value === undefined) return undefined;
  const host = hostname.replaceAll(/^\[|\]$|\.$/g, '').toLowerCase();
  const [, exceptions = ''] = valueOf(environment, 'no_proxy') ?? [];
  if (isExcepted(host, port || (scheme === 'https' ? '443' : '80'), exceptions)) return undefined;
  const proxy = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(proxy) && /^https?:/i.test(proxy)) return proxy;
  throw new HttpFailure(
    'unsupported',
    `${name} is "${shownUrl(proxy)}", which is not a proxy that can be used`,
    {
      hint: `Set ${name} to an http:// or https:// proxy, or except the host by no_proxy.`,
    },
  );
}

/** Name and value of a variable, in lower case first; an empty one is as good as none. */
function valueOf(
  environment: Environment,
  lower: string,
): readonly [name: string, value: string] | undefined {
  for (const name of [lower, lower.toUpperCase()]) {
    const value = environment[name]?.trim() ?? '';
    if (value !== '') return [name, value];
  }
  return undefined;
}

function isExcepted(host: string, port: string, exceptions: string): boolean {
  const entries = exceptions.split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.some((entry) => entry === '*' || covers(entry.toLowerCase(), host, port));
}

function covers(entry: string, host: string, port: string): boolean {
  const family = isIP(host);
  const [, bracketed, plain = '', wanted] =
    /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*))(?::(\d+))?$/.exec(entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const name = (bracketed ?? plain).replaceAll(/^\*?\.|\.$/g, '');
  if (family === 0) return name !== '' && (host === name || host.endsWith(`.${name}`));
  const [address = '', bits] = name.split('/');
  if (isIP(address) !== family) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  const length = bits === undefined ? Number.NaN : Number(bits);
  if (bits === undefined) list.addAddress(address, type);
  else if (Number.isInteger(length) && length >= 0 && length <= (family === 4 ? 32 : 128))
    list.addSubnet(address, length, type);
  return list.check(host, type);
}
