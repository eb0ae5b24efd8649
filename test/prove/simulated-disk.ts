/**
 * A disk that logs what is done to it, so that it can be cut afterwards (`cuts.ts`), and that fails where it is told to.
 * The production code runs on it unchanged.
 */
import { LIMITS, SdfsError, type BlockDevice } from '@cocon-os/sdfs';

import { BlocksDevice, type Blocks } from './blocks-device.ts';

/** One thing that was done. Writes are whole blocks. */
export type Step =
  | { readonly kind: 'flush' }
  | { readonly kind: 'write'; readonly block: number; readonly contents: readonly Uint8Array[] };

/** How a disk can fail. */
export const DISK_FAULTS = [
  'failing writes',
  'garbled writes',
  'failing flushes',
  'losing flushes',
  'read-only disks',
] as const;

/** What goes wrong, and with which write or flush, counted from 1. */
export interface DiskFault {
  /**
   * This write fails, the ones after it work again; it is not kept as it was, and nobody is told; this flush fails, and what
   * it was to keep is there, or is lost (as Linux may do it); from this write on the disk takes none.
   */
  readonly kind: (typeof DISK_FAULTS)[number];
  readonly at: number;
}

/** Records writes and flushes. */
export class SimulatedDisk implements BlockDevice {
  readonly name = 'simulated';
  readonly sectorSize: number;
  readonly sizeBytes: number;
  readonly steps: Step[] = [];
  readonly #fault: DiskFault | undefined;
  #now: BlocksDevice;
  #durable: Blocks;
  #writes = 0;
  #flushes = 0;

  constructor(start: Blocks, sectorSize = 512, fault?: DiskFault) {
    this.#now = new BlocksDevice(start, sectorSize);
    this.#durable = start;
    this.#fault = fault;
    this.sectorSize = sectorSize;
    this.sizeBytes = this.#now.sizeBytes;
  }

  /** The contents as they are now. */
  get blocks(): Blocks {
    return this.#now.blocks;
  }

  /** Writes that were asked for, failed ones included. */
  get writes(): number {
    return this.#writes;
  }

  get flushes(): number {
    return this.#flushes;
  }

  read(offset: number, into: Uint8Array): void {
    this.#now.read(offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#writes += 1;
    const { kind, at = 0 } = this.#fault ?? {};
    if (kind === 'read-only disks' && this.#writes >= at)
      throw new SdfsError('SDFS_READ_ONLY', 'The disk takes no writes any more');
    const hit = this.#writes === at;
    if (hit && kind === 'failing writes') throw new SdfsError('SDFS_IO', `Write ${at} failed`);
    if (hit && kind === 'garbled writes')
      return this.#now.write(
        offset,
        bytes.map((byte) => byte ^ 0x5a),
      );
    this.#now.write(offset, bytes);
    const contents = Array.from({ length: bytes.length / LIMITS.BLOCK_SIZE }, (_, index) =>
      bytes.slice(index * LIMITS.BLOCK_SIZE, (index + 1) * LIMITS.BLOCK_SIZE),
    );
    this.steps.push({ kind: 'write', block: offset / LIMITS.BLOCK_SIZE, contents });
  }

  flush(): void {
    this.#flushes += 1;
    const { kind, at } = this.#fault ?? {};
    if (this.#flushes === at && (kind === 'failing flushes' || kind === 'losing flushes')) {
      if (kind === 'losing flushes') this.#now = new BlocksDevice(this.#durable, this.sectorSize);
      throw new SdfsError('SDFS_IO', `Flush ${at} failed`);
    }
    this.#durable = this.#now.blocks;
    this.steps.push({ kind: 'flush' });
  }

  dropCaches(): void {}

  close(): void {}
}
