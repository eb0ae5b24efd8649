/** Volume images that were really made, and what of them must not depend on who wrote them. */
import { readFileSync, writeFileSync } from 'node:fs';

import { BLOCK_SIZE, commit, MemoryDevice, mkfs, readSuperblock } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import type { TestRelease } from '../../../../updater/test/support/release.ts';
import { install } from '../../../../updater/test/support/volume.ts';

/** Writes an image with `release` confirmed in slot 0. */
export function writeVolume(path: string, sizeBytes: number, release: TestRelease, groupBlocks = 16): void {
  const memory = new MemoryDevice(sizeBytes);
  const options = { slots: 3, groupBlocks, ringRecords: 16, label: 'device' };
  const volume = mkfs(memory, options, nodeCrypto);
  commit(volume, install(volume, release));
  const bytes = new Uint8Array(sizeBytes);
  memory.read(0, bytes);
  writeFileSync(path, bytes);
}

/** FORMAT.md §4.2: `crc` and `time` of a record. */
const CLOCK_DEPENDENT = [
  { offset: 4, size: 4 },
  { offset: 40, size: 8 },
];

/** An image's bytes, with zeros where the time of writing and what follows from it stand. */
export function timelessBytes(path: string): Buffer {
  const bytes = readFileSync(path);
  const memory = new MemoryDevice(bytes.length);
  memory.write(0, bytes);
  const { ringBlocks, ringRecords } = readSuperblock(memory);
  for (const ring of ringBlocks) {
    for (let record = ring; record < ring + ringRecords; record += 1) {
      for (const { offset, size } of CLOCK_DEPENDENT) {
        bytes.fill(0, record * BLOCK_SIZE + offset, record * BLOCK_SIZE + offset + size);
      }
    }
  }
  return bytes;
}
