import { test as propertyTest, fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

import { redact, shownUrl } from '../src/index.ts';

describe('shownUrl()', () => {
  it.each([
    ['http://host/os.oci', 'http://host/os.oci'],
    ['http://device:SECRET@host:80/os.oci', 'http://***@host:80/os.oci'],
    ['https://SECRET@host/', 'https://***@host/'],
    ['http://u:SEC@RET@host/', 'http://***@host/'],
    ['http://u:SEC/RET@host/os.oci', 'http://***@host/os.oci'],
    ['http://u:SEC?RET@host/os.oci', 'http://***?***'],
    ['http://u:SEC#RET@host/os.oci', 'http://***#***'],
    ['http://u:SEC RET@[::1]:80/', 'http://***@[::1]:80/'],
    ['https://h/b?X-Amz-Signature=SECRET&X-Amz-Date=1', 'https://h/b?X-Amz-Signature=***&X-Amz-Date=***'],
    ['https://h/b?sig=SEC=RET==', 'https://h/b?sig=***'],
    ['https://h/b?SECRET', 'https://h/b?***'],
    ['https://h/b#access_token=SECRET', 'https://h/b#***'],
    ['docker://host:5000/a/b@sha256:00', 'docker://host:5000/a/b@sha256:00'],
    ['docker://u:SECRET@host/a:b', 'docker://***@host/a:b'],
    ['git+ssh://git:SECRET@host/x.git', 'git+ssh://***@host/x.git'],
    ['http://[::1]:5000/@scope/x', 'http://[::1]:5000/@scope/x'],
    ['file:///srv/os.oci', 'file:///srv/os.oci'],
    ['os.oci', 'os.oci'],
  ])('%s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
    expect(shownUrl(shown)).toBe(shown);
  });
});

describe('redact()', () => {
  it.each([
    ['Cannot fetch http://u:SECRET@h/x: it broke off', 'Cannot fetch http://***@h/x: it broke off'],
    ['"http://u:SECRET@h/x?a=SECRET" is one too many', '"http://***@h/x?a=***" is one too many'],
    [
      "fatal: unable to access 'https://SECRET@h/r.git/': no",
      "fatal: unable to access 'https://***@h/r.git/': no",
    ],
    ['see http://h/x?sig=SECRET.', 'see http://h/x?sig=***.'],
    ['(HTTP://u:SECRET@h), ftp://u:SECRET@g; done', '(HTTP://***@h), ftp://***@g; done'],
    ['\u001B[31mhttp://u:SECRET@h/x\u001B[0m', '\u001B[31mhttp://***@h/x\u001B[0m'],
    ['url_http://u:SECRET@h/x, 1http://u:SECRET@h', 'url_http://***@h/x, 1http://***@h'],
    ["'http://u:it's-SECRET@h/x' is not there", "'http://***@h/x' is not there"],
    ["'http://h/x' and 'u@h'", "'http://h/x' and 'u@h'"],
    ['Cannot open /a: no', 'Cannot open /a: no'],
  ])('%s', (text, shown) => {
    expect(redact(text)).toBe(shown);
    expect(redact(shown)).toBe(shown);
  });

  // With these three before it, the word would be a part of a path or the name of a parameter.
  const before = fc.stringMatching(/^[a-zA-Z0-9._~!$'()*+,;=%:-]{0,8}$/);
  const behind = fc.stringMatching(/^[a-zA-Z0-9._~!$&'()*+,;=%:@/-]{0,8}$/);
  propertyTest.prop([before, behind, fc.boolean()])(
    'never shows a password or a query',
    (start, end, asQuery) => {
      const secret = `${start}hunter2${end}`;
      // A quote is escaped in signatures, and ends a URL that is quoted.
      const url = asQuery
        ? `http://host/os.oci?sig=${secret.replaceAll("'", '')}`
        : `http://user:${secret}@host/os.oci`;
      expect(redact(`Cannot fetch ${url}: no`)).not.toContain('hunter2');
      expect(shownUrl(url)).not.toContain('hunter2');
    },
  );
});
