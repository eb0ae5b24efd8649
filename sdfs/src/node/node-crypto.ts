/** Node's cryptography as SDFS wants it. */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

import type { Crypto } from '../block-device.ts';

/** DER of a SubjectPublicKeyInfo for Ed25519 up to the 32 bytes of the key (RFC 8410 §4). */
const ED25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** SHA-256, Ed25519 and random bytes of OpenSSL. */
export const nodeCrypto: Crypto = {
  createSha256() {
    const hash = createHash('sha256');
    return {
      update(bytes) {
        hash.update(bytes);
      },
      digest: () => new Uint8Array(hash.digest()),
    };
  },
  verifyEd25519(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    const der = Buffer.concat([ED25519_SPKI, publicKey]);
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
  },
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
};
