import { test as propertyTest, fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { encodeBase64 } from '../src/http/base64.ts';
import { basicOf, formatUrl, isSameOrigin, parseUrl, resolveUrl, type HttpUrl } from '../src/http/url.ts';

function parsed(text: string): HttpUrl {
  const url = parseUrl(text);
  if (url === undefined) throw new Error(`cannot parse ${text}`);
  return url;
}

const segment = fc.stringMatching(/^(?:[a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2}){0,6}$/);
const path = fc.array(fc.oneof(segment, fc.constantFrom('.', '..', '')), { maxLength: 5 });
const straightPath = fc.array(
  segment.filter((text) => !/^\.*$/.test(text)),
  { maxLength: 5 },
);
const query = fc.option(fc.stringMatching(/^(?:[a-zA-Z0-9._~&=/?:@-]|%[0-9A-F]{2}){0,8}$/));
const authority = fc.constantFrom('updates.example', '127.0.0.1:8080', '[::1]:80', 'a.b');

/** `%2E` is a dot to Node and three characters to RFC 3986. */
const withoutDots = (text: string): boolean => !/%2e/i.test(text);

describe('resolveUrl()', () => {
  propertyTest.prop([
    authority,
    straightPath,
    query,
    path,
    query,
    fc.constantFrom('/', '', '//b.example:81/'),
  ])('leads where Node’s URL leads', (host, basePath, baseQuery, toPath, toQuery, prefix) => {
    const base = `http://${host}/${basePath.join('/')}${baseQuery === null ? '' : `?${baseQuery}`}`;
    const reference = `${prefix}${toPath.join('/')}${toQuery === null ? '' : `?${toQuery}`}`;
    fc.pre(withoutDots(`${base}${reference}`) && !/^[a-z][a-z0-9+.-]*:/i.test(reference));
    fc.pre(URL.canParse(base) && URL.canParse(reference, base));
    // Node takes more than two slashes for two.
    fc.pre(prefix.startsWith('//') || !reference.startsWith('//'));
    const found = resolveUrl(parsed(base), reference);
    // Node makes one spelling of many; both sides are compared in that one.
    const one = (url: string): string => new URL(url).href.replace(/\?$/, '');
    expect(found === undefined ? undefined : one(formatUrl(found))).toBe(one(new URL(reference, base).href));
  });

  it.each([
    ['https://b.example/x?y', 'https://b.example/x?y'],
    ['?only=query', 'http://a.example/dir/file?only=query'],
    ['größe', 'http://a.example/dir/gr%C3%B6%C3%9Fe'],
    ['a b"c', 'http://a.example/dir/a%20b%22c'],
    ['x#fragment', 'http://a.example/dir/x'],
    ['HTTP://B.Example', 'http://b.example/'],
  ])('of %j is %s', (location, wanted) => {
    const found = resolveUrl(parsed('http://a.example/dir/file?q'), location);
    expect(found === undefined ? undefined : formatUrl(found)).toBe(wanted);
  });

  it.each([
    'ftp://a.example/',
    'file:///etc/passwd',
    'http:///x',
    'http://a b/',
    '//a.example:65536/',
    '/a\r\nHost: b',
    'javascript:x',
  ])('of %j is nowhere', (location) => {
    expect(resolveUrl(parsed('http://a.example/'), location)).toBeUndefined();
  });
});

describe('parseUrl()', () => {
  it.each([
    ['http://device:p@ss@host/x', 'device:p@ss', 'host', '/x'],
    ['http://host', undefined, 'host', '/'],
    ['http://host?a=b', undefined, 'host', '/?a=b'],
    ['https://[::1]:8443/%7Ea?sig=%2b', undefined, '[::1]:8443', '/%7Ea?sig=%2b'],
  ])('takes %s apart and changes nothing in it', (text, userinfo, host, target) => {
    expect(parseUrl(text)).toMatchObject({ userinfo, authority: host, target });
  });

  it.each([
    'http://',
    'http:///x',
    'http://a:b',
    'http://a:999999/',
    'http://a:65536/',
    'ftp://a',
    'a/b',
    'http://a\\b/',
  ])('refuses %s', (text) => expect(parseUrl(text)).toBeUndefined());
});

describe('basicOf()', () => {
  it.each([
    ['user:pass', 'user:pass'],
    ['user', 'user:'],
    ['us%3Aer:p%40s%25s', 'us:er:p@s%s'],
    ['user:a:b', 'user:a:b'],
    ['user:100%', 'user:100%'],
    ['user:%C3%B6ö', 'user:öö'],
  ])('%s', (userinfo, text) => {
    expect(basicOf(userinfo)).toBe(`Basic ${Buffer.from(text).toString('base64')}`);
  });
});

propertyTest.prop([fc.uint8Array({ maxLength: 20 })])('encodeBase64() is Node’s', (bytes) => {
  expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
});

it.each([
  ['http://a/', 'http://A:80/x', true],
  ['https://a/', 'https://a:443/', true],
  ['http://a/', 'https://a/', false],
  ['http://a/', 'http://a:8080/', false],
  ['http://a/', 'http://b.a/', false],
])('isSameOrigin(%s, %s) is %s', (a, b, same) => {
  expect(isSameOrigin(parsed(a), parsed(b))).toBe(same);
});
