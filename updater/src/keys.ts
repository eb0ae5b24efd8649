/**
 * Trusted keys: Ed25519 public keys as SubjectPublicKeyInfo in PEM (RFC 7468, RFC 8410), as `openssl pkey -pubout` and
 * `cocon keygen` write them.
 */
import { fromHex, toHex } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import type { Platform } from './platform.ts';
import { decodeText } from './text.ts';

/** Where a device keeps the keys that it trusts. */
export const KEY_DIRECTORY = '/etc/cocon/keys';

/** The option that names others. */
export const KEY_OPTION = {
  key: {
    type: 'strings',
    value: '<file>',
    help: `Trusted public key in PEM; repeatable (default: those in ${KEY_DIRECTORY})`,
  },
} as const;

/** SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }: all that comes before the key (RFC 8410 §4). */
const SPKI_PREFIX = '302a300506032b6570032100';
const KEY_SIZE = 32;
const MAX_KEY_FILE = 16_384;

/** Reads the given files, or all `*.pem` and `*.pub` of {@link KEY_DIRECTORY}. `NO_TRUSTED_KEYS`, `KEY_INVALID`. */
export function trustedKeys(platform: Platform, files: readonly string[]): readonly Uint8Array[] {
  const paths =
    files.length > 0
      ? files
      : (platform.listDirectory(KEY_DIRECTORY) ?? [])
          .filter((name) => /\.(?:pem|pub)$/.test(name))
          .map((name) => `${KEY_DIRECTORY}/${name}`);
  if (paths.length === 0) {
    throw new UpdaterError(
      'NO_TRUSTED_KEYS',
      `Cannot verify a signature: there is no key in ${KEY_DIRECTORY}`,
      {
        hint: 'Name the public key: --key release.pub.',
      },
    );
  }
  return paths.flatMap((path) => readKeys(platform, path));
}

function readKeys(platform: Platform, path: string): readonly Uint8Array[] {
  const bytes = platform.readFile(path, MAX_KEY_FILE);
  if (bytes === undefined) throw invalid(path, 'there is no such file');
  const text = decodeText(bytes) ?? '';
  const bodies = [
    ...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/\s]*(?:=\s*){0,2})-----END \1-----/g),
  ];
  if (bodies.length === 0) throw invalid(path, 'it holds no PEM block');
  return bodies.map(([, label, body]) => {
    if (label !== 'PUBLIC KEY') throw invalid(path, `it holds a "${label ?? ''}", wanted a "PUBLIC KEY"`);
    const der = decodeBase64((body ?? '').replaceAll(/\s/g, ''));
    const prefix = fromHex(SPKI_PREFIX);
    if (der.length !== prefix.length + KEY_SIZE || toHex(der.subarray(0, prefix.length)) !== SPKI_PREFIX) {
      throw invalid(path, 'it holds another kind of key than Ed25519');
    }
    return der.slice(prefix.length);
  });
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 §4. Wrong input gives wrong bytes, which the caller's check of the DER prefix and length refuses. */
function decodeBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const digit of text.replace(/=+$/, '')) {
    bits = ((bits << 6) | DIGITS.indexOf(digit)) & 0xff_ff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}

function invalid(path: string, found: string): UpdaterError {
  return new UpdaterError('KEY_INVALID', `Cannot read the key ${path}: ${found}`, {
    hint: 'Write the public key with: openssl pkey -in release.key -pubout -out release.pub.',
  });
}
