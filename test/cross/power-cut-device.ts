/**
 * A device whose power can be cut after the fact: it remembers every write and flush, and makes the disk that a cut at any
 * point would have left.
 *
 * What was flushed is there. Of what was not, any part may be there, in any order, torn at any 512-byte sector; and the flash
 * may have lost the whole erase group that a write was on its way to (FORMAT.md §1).
 */
import { MemoryDevice, type BlockDevice } from '@cocon-os/sdfs';

type Step =
  | { readonly kind: 'flush' }
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array };

/** How a write that was not flushed fares. */
export type Fate = 'kept' | 'lost' | 'torn' | 'group lost';

const SECTOR = 512;

/** Records what is written to a copy of `start`. */
export class PowerCutDevice implements BlockDevice {
  readonly name = 'power-cut';
  readonly sectorSize = SECTOR;
  readonly sizeBytes: number;
  readonly #start: MemoryDevice;
  readonly #now: MemoryDevice;
  readonly #steps: Step[] = [];

  constructor(start: MemoryDevice) {
    this.sizeBytes = start.sizeBytes;
    this.#start = start.clone();
    this.#now = start.clone();
  }

  /** Writes and flushes so far: a cut can come after each. */
  get steps(): number {
    return this.#steps.length;
  }

  /** Numbers of the blocks that were written, by step. */
  get writtenBlocks(): readonly number[] {
    return this.#steps.flatMap((step) =>
      step.kind === 'write'
        ? Array.from({ length: step.bytes.length / 4096 }, (_, index) => step.offset / 4096 + index)
        : [],
    );
  }

  /** The disk after a cut behind so many steps; `fate` is asked for each write that was not flushed. */
  cutAfter(steps: number, groupBytes: number, fate: (write: number) => Fate): MemoryDevice {
    const done = this.#steps.slice(0, steps);
    const flushed = done.findLastIndex((step) => step.kind === 'flush') + 1;
    const disk = this.#start.clone();
    for (const [index, step] of done.entries()) {
      if (step.kind === 'write')
        applyWrite(disk, step.offset, step.bytes, groupBytes, index < flushed ? 'kept' : fate(index));
    }
    return disk;
  }

  read(offset: number, into: Uint8Array): void {
    this.#now.read(offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#steps.push({ kind: 'write', offset, bytes: bytes.slice() });
    this.#now.write(offset, bytes);
  }

  flush(): void {
    this.#steps.push({ kind: 'flush' });
  }

  dropCaches(): void {}

  close(): void {}
}

function applyWrite(
  disk: MemoryDevice,
  offset: number,
  bytes: Uint8Array,
  groupBytes: number,
  fate: Fate,
): void {
  if (fate === 'kept') disk.write(offset, bytes);
  if (fate === 'torn') disk.write(offset, bytes.subarray(0, Math.ceil(bytes.length / SECTOR / 2) * SECTOR));
  if (fate === 'group lost') {
    const group = Math.floor(offset / groupBytes) * groupBytes;
    disk.write(group, new Uint8Array(groupBytes).fill(0xff));
  }
}
