/**
 * What SDFS needs of a disk. Everything here is synchronous: volumes are local, and straight-line code is what a
 * power-cut proof can be written against.
 */

/** A device of bytes, written in order and made durable by {@link BlockDevice.flush}. */
export interface BlockDevice {
  /** How errors name it: a path, or "memory". */
  readonly name: string;
  /** Size in bytes. */
  readonly sizeBytes: number;
  /** Smallest unit that the device writes at once, in bytes: 512 or 4096. Informative; callers write whole blocks. */
  readonly sectorSize: number;
  /** Fills `into` from `offset` (bytes). Throws `SdfsError` with code `SDFS_IO` when it cannot be read whole. */
  read(offset: number, into: Uint8Array): void;
  /** Writes `bytes` at `offset`. Durable after the next {@link flush} only. Throws `SDFS_IO` or `SDFS_READ_ONLY`. */
  write(offset: number, bytes: Uint8Array): void;
  /** Returns once everything written before is durable. Throws `SDFS_IO`. */
  flush(): void;
  /** Forgets cached copies, so that the next read comes from the medium. Best effort. */
  dropCaches(): void;
  close(): void;
}

/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 32 bytes. The object is spent afterwards. */
  digest(): Uint8Array;
}

/** The cryptography that SDFS is given by its host: Node's, or the device runtime's. */
export interface Crypto {
  createSha256(): Sha256;
  /** Ed25519 (RFC 8032): raw 32-byte public key, 64-byte signature. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** 16 random bytes for a volume's UUID. */
  randomBytes(length: number): Uint8Array;
}
