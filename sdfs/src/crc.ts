/** The checksum of SDFS's structures: CRC-32/ISO-HDLC with the checksum's own field read as zero (FORMAT.md §1). */
import crc32 from 'crc-32';

import type { AnyField } from './struct.ts';

/** CRC of `bytes`, the four bytes of `field` taken as zero. */
export function structureCrc(bytes: Uint8Array, field: AnyField): number {
  const before = crc32.buf(bytes.subarray(0, field.offset));
  const inField = crc32.buf(new Uint8Array(field.size), before);
  return crc32.buf(bytes.subarray(field.offset + field.size), inField) >>> 0;
}

/** CRC of `bytes` as they are, as GPT uses it. */
export function plainCrc(bytes: Uint8Array): number {
  return crc32.buf(bytes) >>> 0;
}
