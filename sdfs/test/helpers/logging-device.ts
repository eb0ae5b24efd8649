/** A device that remembers in which order it was written and flushed, and that can be told to fail. */
import { MemoryDevice, SdfsError, type BlockDevice, type SdfsErrorCode } from '@cocon-os/sdfs';

/** What happened, in order: `write <first block>+<blocks>`, `flush`, `drop`. */
export class LoggingDevice implements BlockDevice {
  readonly name = 'logging';
  readonly sectorSize = 512;
  readonly sizeBytes: number;
  readonly log: string[] = [];
  readonly disk: MemoryDevice;
  /** From this many writes on, writing fails with this code. */
  failAfter = Number.POSITIVE_INFINITY;
  failWith: SdfsErrorCode = 'SDFS_IO';
  /** Blocks that read back with their first byte changed. */
  readonly rotten = new Set<number>();
  #writes = 0;

  constructor(disk: MemoryDevice) {
    this.disk = disk;
    this.sizeBytes = disk.sizeBytes;
  }

  read(offset: number, into: Uint8Array): void {
    this.disk.read(offset, into);
    for (const block of this.rotten) {
      const at = block * 4096 - offset;
      if (at >= 0 && at < into.length) into[at] = (into[at] ?? 0) ^ 1;
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#writes += 1;
    if (this.#writes > this.failAfter)
      throw new SdfsError(this.failWith, `Cannot write at byte ${offset}: told to fail`);
    this.log.push(`write ${offset / 4096}+${bytes.length / 4096}`);
    this.disk.write(offset, bytes);
  }

  flush(): void {
    this.log.push('flush');
  }

  dropCaches(): void {
    this.log.push('drop');
  }

  close(): void {}
}
