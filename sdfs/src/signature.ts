/** release.sig: which keys signed the raw bytes of release.json (FORMAT.md §6.2). */
import type { Crypto } from './block-device.ts';
import { SdfsError } from './errors.ts';
import { LIMITS, SIGNATURE_ENTRY } from './format.ts';
import { fromHex, toHex } from './hex.ts';
import { sha256Hex } from './sha256.ts';
import { decode, encode } from './struct.ts';

/** One entry of release.sig. */
export interface SignatureEntry {
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes over the raw bytes of release.json. */
  readonly signature: Uint8Array;
}

/** The bytes of release.sig. The caller gives 1 to 8 entries. */
export function encodeSignatures(entries: readonly SignatureEntry[], crypto: Crypto): Uint8Array {
  const bytes = new Uint8Array(entries.length * LIMITS.SIGNATURE_ENTRY_SIZE);
  for (const [index, { publicKey, signature }] of entries.entries()) {
    const entry = { keyId: sha256Hex(crypto, publicKey), signature: toHex(signature) };
    encode(SIGNATURE_ENTRY, entry, bytes, index * LIMITS.SIGNATURE_ENTRY_SIZE);
  }
  return bytes;
}

/** Throws `RELEASE_BAD_SIGNATURE` when release.sig cannot have this size in bytes. */
export function checkSignatureSize(bytes: number): void {
  const entries = bytes / LIMITS.SIGNATURE_ENTRY_SIZE;
  if (Number.isInteger(entries) && entries >= 1 && entries <= LIMITS.MAX_SIGNATURES) return;
  throw new SdfsError(
    'RELEASE_BAD_SIGNATURE',
    `Cannot check release.sig: it has ${bytes} bytes, expected 1 to ${LIMITS.MAX_SIGNATURES} entries of ${LIMITS.SIGNATURE_ENTRY_SIZE}`,
    { facts: { actual: bytes } },
  );
}

/** Returns the identity of the first trusted key whose signature holds. Throws `RELEASE_UNTRUSTED` or `RELEASE_BAD_SIGNATURE`. */
export function verifySignatures(
  message: Uint8Array,
  signatures: Uint8Array,
  trustedKeys: readonly Uint8Array[],
  crypto: Crypto,
): string {
  checkSignatureSize(signatures.length);
  const keys = new Map(trustedKeys.map((key) => [sha256Hex(crypto, key), key]));
  const signers: string[] = [];
  for (let at = 0; at < signatures.length; at += LIMITS.SIGNATURE_ENTRY_SIZE) {
    const { keyId, signature } = decode(SIGNATURE_ENTRY, signatures, at);
    const key = keys.get(keyId);
    if (key !== undefined && crypto.verifyEd25519(key, message, fromHex(signature))) return keyId;
    signers.push(keyId);
  }
  const known = signers.find((keyId) => keys.has(keyId));
  if (known !== undefined) {
    throw new SdfsError(
      'RELEASE_BAD_SIGNATURE',
      `Cannot trust release.json: the signature of trusted key ${known} does not verify`,
      {
        hint: 'release.json or release.sig was changed after signing; fetch the release again.',
        facts: { key: known },
      },
    );
  }
  throw new SdfsError(
    'RELEASE_UNTRUSTED',
    `Cannot trust release.json: it is signed by ${signers.join(', ')}, and none of the ${keys.size} trusted keys is among them`,
    {
      hint: 'Sign the release with a key that this machine trusts, or add the key to the trusted ones.',
      facts: { trusted: keys.size },
    },
  );
}
