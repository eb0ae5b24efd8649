/** Bytes in memory as a source, in pieces of any size, with or without ranges. */
import type { ByteSource } from '../../src/index.ts';

/** How the bytes are handed over. */
export interface SourceOptions {
  readonly pieceBytes?: number;
  readonly sized?: boolean;
  readonly ranges?: boolean;
}

/** A source that reuses one buffer, as the contract allows. */
export function memorySource(bytes: Uint8Array, options: SourceOptions = {}): ByteSource {
  const { pieceBytes = 65_536, sized = true, ranges = true } = options;
  const buffer = new Uint8Array(pieceBytes);
  let position = 0;
  return {
    name: 'memory',
    sizeBytes: sized || ranges ? bytes.length : undefined,
    read() {
      const piece = bytes.subarray(position, position + pieceBytes);
      position += piece.length;
      buffer.set(piece);
      return Promise.resolve(piece.length === 0 ? undefined : buffer.subarray(0, piece.length));
    },
    ...(ranges
      ? { readAt: (at: number, length: number) => Promise.resolve(bytes.slice(at, at + length)) }
      : {}),
    close() {},
  };
}
