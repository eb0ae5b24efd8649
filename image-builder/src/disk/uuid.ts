/** Identifiers that follow from contents, so that equal inputs make equal disks. */
import { createHash } from 'node:crypto';

/** Derives identifiers from one seed; each purpose has its own. */
export class UuidSource {
  readonly #seed: Uint8Array;

  constructor(seed: Uint8Array) {
    this.#seed = seed;
  }

  /** 16 bytes of a UUID of version 8: derived, not drawn (RFC 9562 §5.8). */
  bytes(purpose: string): Uint8Array {
    const bytes = createHash('sha256').update(this.#seed).update(purpose).digest().subarray(0, 16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return Uint8Array.from(bytes);
  }

  /** The same as text, in lower case. */
  text(purpose: string): string {
    return formatUuid(this.bytes(purpose));
  }
}

/** 16 bytes as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
