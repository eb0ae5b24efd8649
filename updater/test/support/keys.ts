/** Real Ed25519 keys. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A key pair in the shapes that the tests need. */
export interface TestKey {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** SubjectPublicKeyInfo. */
  readonly pem: string;
  sign(message: Uint8Array): Uint8Array;
}

/** Draws a key pair. */
export function makeKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: rawOf(publicKey),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

function rawOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(-32));
}
