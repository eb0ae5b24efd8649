/** A disk, or the part of one that holds the volume. Everything is synchronous; a method that throws is an I/O error. */
export interface BlockDevice {
  /** Size in bytes. */
  readonly sizeBytes: number;
  /** Whether writing can succeed. */
  readonly writable: boolean;
  /** The `length` bytes from `offset`, both multiples of 4096; for `findPartitions`, of the sector size. */
  read(offset: number, length: number): Uint8Array;
  /** Writes a whole block at `offset`. It is durable after the next `flush` only. */
  write(offset: number, bytes: Uint8Array): void;
  /** Returns once everything that was written is durable. */
  flush(): void;
}
