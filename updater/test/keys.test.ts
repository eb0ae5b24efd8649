import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { trustedKeys } from '../src/keys.ts';
import { nodePlatform } from '../src/node/platform.ts';
import { makeKey } from './support/keys.ts';
import { rootedPlatform } from './support/rooted-platform.ts';

const [first, second] = [makeKey(), makeKey()];

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'cocon-keys-')), 'key.pem');
  writeFileSync(path, text);
  return path;
}

describe('trustedKeys()', () => {
  test('reads what OpenSSL writes, several in one file', () => {
    expect(trustedKeys(nodePlatform, [fileOf(`# ours\n${first.pem}${second.pem}`)])).toEqual([
      first.publicKey,
      second.publicKey,
    ]);
  });

  test('reads the keys of the device in the order of their names, and nothing else there', () => {
    const root = mkdtempSync(join(tmpdir(), 'cocon-root-'));
    mkdirSync(join(root, 'etc/cocon/keys'), { recursive: true });
    writeFileSync(join(root, 'etc/cocon/keys/b.pem'), first.pem);
    writeFileSync(join(root, 'etc/cocon/keys/a.pub'), second.pem);
    writeFileSync(join(root, 'etc/cocon/keys/README'), 'no key');
    expect(trustedKeys(rootedPlatform(root), [])).toEqual([second.publicKey, first.publicKey]);
  });

  test('refuses a machine without a key', () => {
    const root = mkdtempSync(join(tmpdir(), 'cocon-root-'));
    expect(() => trustedKeys(rootedPlatform(root), [])).toThrow(
      expect.objectContaining({ code: 'NO_TRUSTED_KEYS' }),
    );
  });

  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  test.each([
    ['a private key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['an RSA key', rsa.export({ type: 'spki', format: 'pem' }).toString()],
    ['a text', 'hello'],
    ['nothing', ''],
    [
      'a key with a digit missing',
      publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString()
        .replace(/.{4}=\n/, '=\n'),
    ],
    ['a key with a sign in its midst that is no digit', first.pem.replace(/(.{30})./, '$1=')],
    ['an empty block', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n'],
  ])('refuses %s', (_, text) => {
    expect(() => trustedKeys(nodePlatform, [fileOf(text)])).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });

  test('refuses a file that is not there', () => {
    expect(() => trustedKeys(nodePlatform, ['/nowhere.pem'])).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });
});
