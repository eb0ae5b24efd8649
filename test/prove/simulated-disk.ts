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

/** What goes wrong, counted in writes from 1. */
export interface DiskFaults {
  /** This write fails; the ones after it work again. */
  readonly failingWrite?: number;
  /** From this write on the disk takes none. */
  readonly readOnlyFrom?: number;
}

/** Records writes and flushes. */
export class SimulatedDisk implements BlockDevice {
  readonly name = 'simulated';
  readonly sectorSize: number;
  readonly sizeBytes: number;
  readonly steps: Step[] = [];
  readonly #now: BlocksDevice;
  readonly #faults: DiskFaults;
  #writes = 0;

  constructor(start: Blocks, sectorSize = 512, faults: DiskFaults = {}) {
    this.#now = new BlocksDevice(start, sectorSize);
    this.#faults = faults;
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

  read(offset: number, into: Uint8Array): void {
    this.#now.read(offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#writes += 1;
    const { failingWrite, readOnlyFrom = Infinity } = this.#faults;
    if (this.#writes >= readOnlyFrom)
      throw new SdfsError('SDFS_READ_ONLY', 'The disk takes no writes any more');
    if (this.#writes === failingWrite) throw new SdfsError('SDFS_IO', `Write ${this.#writes} failed`);
    this.#now.write(offset, bytes);
    const contents = Array.from({ length: bytes.length / LIMITS.BLOCK_SIZE }, (_, index) =>
      bytes.slice(index * LIMITS.BLOCK_SIZE, (index + 1) * LIMITS.BLOCK_SIZE),
    );
    this.steps.push({ kind: 'write', block: offset / LIMITS.BLOCK_SIZE, contents });
  }

  flush(): void {
    this.steps.push({ kind: 'flush' });
  }

  dropCaches(): void {}

  close(): void {}
}
