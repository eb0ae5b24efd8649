/** A disk as it was at some moment of a write log: its start, and those of the logged writes that got through. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

import type { LoggedRequest } from '@cocon-os/qemu';
import { BLOCK_SIZE, type BlockDevice } from '@cocon-os/sdfs';

/** A write of the log. */
export type LoggedWrite = LoggedRequest & { readonly kind: 'write' };

/** The files behind it, open. */
export class DiskLog implements Disposable {
  readonly start: number;
  readonly log: number;

  /** `start` is the disk as it was when the log began. */
  constructor(start: string, log: string) {
    this.start = openSync(start, 'r');
    this.log = openSync(log, 'r');
  }

  [Symbol.dispose](): void {
    closeSync(this.start);
    closeSync(this.log);
  }

  /** Puts the writes into an image, which is a copy of the start. */
  replayOnto(image: string, writes: readonly LoggedWrite[]): void {
    const file = openSync(image, 'r+');
    for (const { offset, length, dataOffset } of writes) {
      const bytes = new Uint8Array(length);
      readSync(this.log, bytes, 0, length, dataOffset);
      writeSync(file, bytes, 0, length, offset);
    }
    closeSync(file);
  }
}

/** A partition of that disk, as a device. What is written to it stays in memory. */
export class LoggedPartition implements BlockDevice {
  readonly name = 'logged';
  readonly sectorSize = 512;
  readonly sizeBytes: number;
  readonly #files: DiskLog;
  readonly #offset: number;
  /** By block of the disk: where in the log its bytes are. */
  readonly #logged = new Map<number, number>();
  readonly #written = new Map<number, Uint8Array>();

  constructor(
    files: DiskLog,
    { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
    writes: readonly LoggedWrite[],
  ) {
    this.#files = files;
    this.#offset = offset;
    this.sizeBytes = sizeBytes;
    for (const write of writes) {
      for (let at = 0; at < write.length; at += BLOCK_SIZE)
        this.#logged.set((write.offset + at) / BLOCK_SIZE, write.dataOffset + at);
    }
  }

  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; at += BLOCK_SIZE) {
      const block = (this.#offset + offset + at) / BLOCK_SIZE;
      const piece = into.subarray(at, at + BLOCK_SIZE);
      const written = this.#written.get(block);
      const logged = this.#logged.get(block);
      if (written !== undefined) piece.set(written.subarray(0, piece.length));
      else if (logged !== undefined) readSync(this.#files.log, piece, 0, piece.length, logged);
      else readSync(this.#files.start, piece, 0, piece.length, block * BLOCK_SIZE);
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK_SIZE)
      this.#written.set((this.#offset + offset + at) / BLOCK_SIZE, bytes.slice(at, at + BLOCK_SIZE));
  }

  flush(): void {}

  dropCaches(): void {}

  close(): void {}
}
