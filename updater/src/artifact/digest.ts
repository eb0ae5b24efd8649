/** SHA-256 as OCI and release.json write it. */
import { toHex, type Crypto } from '@cocon-os/sdfs';

/** 64 lower-case hexadecimal digits. */
export const SHA256_HEX = /^[0-9a-f]{64}$/;

/** The SHA-256 of `bytes`, hexadecimal. */
export function sha256Hex(bytes: Uint8Array, crypto: Crypto): string {
  const hash = crypto.createSha256();
  hash.update(bytes);
  return toHex(hash.digest());
}
