/** A device whose contents are a list of blocks that nobody changes: a copy costs as much as the list, and states share what they have in common. */
import { LIMITS, SdfsError, type BlockDevice } from '@cocon-os/sdfs';

/** Contents of a device, block by block; a block that is not there reads as zero. Never changed once made. */
export type Blocks = readonly (Uint8Array | undefined)[];

const { BLOCK_SIZE } = LIMITS;

/** Whole blocks only, which is all that SDFS asks for. */
export class BlocksDevice implements BlockDevice {
  readonly name = 'state';
  readonly sectorSize: number;
  readonly sizeBytes: number;
  /** Whether every write fails. */
  failing = false;
  /** The contents at the first flush, if there was one: what a loader leaves that dies right after it. */
  atFirstFlush: Blocks | undefined;
  /** The contents at the last flush, if there was one: what is left when the power goes now. */
  atLastFlush: Blocks | undefined;
  readonly #blocks: (Uint8Array | undefined)[];
  readonly #written = new Set<number>();

  constructor(blocks: Blocks, sectorSize = 512) {
    this.sectorSize = sectorSize;
    this.#blocks = blocks.slice();
    this.sizeBytes = blocks.length * BLOCK_SIZE;
  }

  /** The contents as they are now. */
  get blocks(): Blocks {
    return this.#blocks.slice();
  }

  /** The numbers of the blocks that were written. */
  get written(): ReadonlySet<number> {
    return this.#written;
  }

  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; at += BLOCK_SIZE) {
      const block = this.#blocks[(offset + at) / BLOCK_SIZE];
      const length = Math.min(BLOCK_SIZE, into.length - at);
      if (block === undefined) into.fill(0, at, at + length);
      else into.set(length === BLOCK_SIZE ? block : block.subarray(0, length), at);
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.failing) throw new SdfsError('SDFS_IO', `Cannot write at byte ${offset}: told to fail`);
    for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
      const number = (offset + at) / BLOCK_SIZE;
      this.#blocks[number] = bytes.slice(at, at + BLOCK_SIZE);
      this.#written.add(number);
    }
  }

  flush(): void {
    this.atLastFlush = this.#blocks.slice();
    this.atFirstFlush ??= this.atLastFlush;
  }

  dropCaches(): void {}

  close(): void {}
}
