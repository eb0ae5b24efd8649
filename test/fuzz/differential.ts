/**
 * The other side of the differential target: takes volumes from the fuzzer on standard input and says on standard output on
 * what the readers do not agree. `runner/src/differential.rs` tells the protocol.
 */
import { readSync, writeSync } from 'node:fs';

import { LIMITS } from '@cocon-os/sdfs';

import { differenceOf } from '../cross/difference.ts';
import { BlocksDevice } from '../prove/blocks-device.ts';
import { readManifest } from '../vectors/generate.ts';
import { inputOf } from '../vectors/layout.ts';

const { BLOCK_SIZE } = LIMITS;
const HEADER = 12;

/** The volume that requests are changes of. */
const sample = inputOf(readManifest(), { base: 'volume', edits: [] });

/** So many bytes of standard input; nothing at its end. */
function take(length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const read = readSync(0, bytes, at, length - at, null);
    if (read === 0) return undefined;
    at += read;
  }
  return bytes;
}

function deviceOf(sizeBytes: number, changes: Buffer): BlocksDevice {
  const blocks: (Uint8Array | undefined)[] = Array.from(
    { length: Math.floor(sizeBytes / BLOCK_SIZE) },
    (_, index) => {
      const block = sample.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE);
      return block.length === BLOCK_SIZE ? block : undefined;
    },
  );
  for (let at = 0; at < changes.length; at += 4 + BLOCK_SIZE) {
    const number = changes.readUInt32LE(at);
    if (number < blocks.length) blocks[number] = changes.subarray(at + 4, at + 4 + BLOCK_SIZE);
  }
  return new BlocksDevice(blocks);
}

for (let header = take(HEADER); header !== undefined; header = take(HEADER)) {
  const changes = take(header.readUInt32LE(8) * (4 + BLOCK_SIZE));
  if (changes === undefined) break;
  const text = Buffer.from(differenceOf(deviceOf(Number(header.readBigUInt64LE(0)), changes)) ?? '');
  const answer = Buffer.alloc(4 + text.length);
  answer.writeUInt32LE(text.length);
  answer.set(text, 4);
  writeSync(1, answer);
}
