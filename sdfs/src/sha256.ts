/** SHA-256 of bytes at hand. */
import type { Crypto } from './block-device.ts';
import { toHex } from './hex.ts';

/** The digest of `bytes` as lower-case hexadecimal text. */
export function sha256Hex(crypto: Crypto, bytes: Uint8Array): string {
  const hash = crypto.createSha256();
  hash.update(bytes);
  return toHex(hash.digest());
}
