/** A disk in memory that counts and fails, holding the sample volume of the shared vectors. */
import { readFileSync } from 'node:fs';

import type { BlockDevice } from '@cocon-os/native';

interface Vectors {
  readonly trustedKeys: readonly string[];
  readonly bases: {
    readonly volume: {
      readonly size: number;
      readonly pieces: readonly { readonly offset: number; readonly hex?: string; readonly text?: string }[];
    };
  };
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../../test/vectors/manifest.json', import.meta.url), 'utf8'),
) as Vectors;

/** The keys that the sample's releases are signed with. */
export const TRUSTED_KEYS = VECTORS.trustedKeys.map((key) => new Uint8Array(Buffer.from(key, 'hex')));

/** Slot 0 confirmed, slot 1 in trial with 2 of 3 attempts left, slot 2 empty. */
export function sampleVolume(): Uint8Array {
  const { size, pieces } = VECTORS.bases.volume;
  const bytes = new Uint8Array(size);
  for (const { offset, hex, text } of pieces) {
    bytes.set(hex === undefined ? Buffer.from(text ?? '', 'latin1') : Buffer.from(hex, 'hex'), offset);
  }
  return bytes;
}

/** What goes wrong on the disk. */
export interface Faults {
  readonly writable?: boolean;
  readonly failReads?: (offset: number) => boolean;
  readonly shortReads?: boolean;
  readonly failWrites?: boolean;
}

/** Bytes in memory. The fields are private to the class, so that a lost `this` shows. */
export class Disk implements BlockDevice {
  readonly sizeBytes: number;
  readonly writable: boolean;
  readonly #bytes: Uint8Array;
  readonly #faults: Faults;
  readonly #calls: string[] = [];

  constructor(bytes: Uint8Array, faults: Faults = {}) {
    this.sizeBytes = bytes.length;
    this.writable = faults.writable ?? true;
    this.#bytes = bytes;
    this.#faults = faults;
  }

  /** Writes and flushes, in order. */
  get calls(): readonly string[] {
    return this.#calls;
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#faults.failReads?.(offset) === true) throw new Error('unreadable');
    return this.#bytes.slice(offset, offset + length - (this.#faults.shortReads === true ? 1 : 0));
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.#faults.failWrites === true) throw new Error('worn out');
    this.#calls.push(`write ${bytes.length} bytes of block ${offset / 4096}`);
    this.#bytes.set(bytes, offset);
  }

  flush(): void {
    this.#calls.push('flush');
  }
}
