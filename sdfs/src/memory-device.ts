/** A device in memory. Sparse: what was never written takes no space, so that volumes of any size can be tried. */
import type { BlockDevice } from './block-device.ts';
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE } from './format.ts';

/** What one may choose. */
export interface MemoryDeviceOptions {
  readonly name?: string;
  readonly sectorSize?: number;
}

/** Bytes that read as zero until they are written. */
export class MemoryDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(sizeBytes: number, options: MemoryDeviceOptions = {}) {
    this.sizeBytes = sizeBytes;
    this.name = options.name ?? 'memory';
    this.sectorSize = options.sectorSize ?? 512;
  }

  read(offset: number, into: Uint8Array): void {
    this.#check('read', offset, into.length);
    for (const { page, from, at, length } of spans(offset, into.length)) {
      const bytes = this.#pages.get(page);
      if (bytes === undefined) into.fill(0, at, at + length);
      else into.set(bytes.subarray(from, from + length), at);
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#check('write', offset, bytes.length);
    for (const { page, from, at, length } of spans(offset, bytes.length)) {
      const known = this.#pages.get(page) ?? new Uint8Array(BLOCK_SIZE);
      known.set(bytes.subarray(at, at + length), from);
      this.#pages.set(page, known);
    }
  }

  flush(): void {}

  dropCaches(): void {}

  close(): void {}

  /** The numbers of the blocks that were written, ascending. */
  writtenBlocks(): readonly number[] {
    return [...this.#pages.keys()].toSorted((a, b) => a - b);
  }

  /** Another device with the same bytes. */
  clone(): MemoryDevice {
    const copy = new MemoryDevice(this.sizeBytes, { name: this.name, sectorSize: this.sectorSize });
    for (const [page, bytes] of this.#pages) copy.#pages.set(page, bytes.slice());
    return copy;
  }

  #check(action: string, offset: number, length: number): void {
    if (offset >= 0 && offset + length <= this.sizeBytes) return;
    throw new SdfsError(
      'SDFS_IO',
      `Cannot ${action} ${length} bytes at byte ${offset} of "${this.name}": it has ${this.sizeBytes}`,
      {
        facts: { offset, actual: this.sizeBytes },
      },
    );
  }
}

/** The parts of a run of bytes, page by page. */
function* spans(
  offset: number,
  total: number,
): Generator<{ page: number; from: number; at: number; length: number }> {
  for (let at = 0; at < total;) {
    const page = Math.floor((offset + at) / BLOCK_SIZE);
    const from = offset + at - page * BLOCK_SIZE;
    const length = Math.min(BLOCK_SIZE - from, total - at);
    yield { page, from, at, length };
    at += length;
  }
}
