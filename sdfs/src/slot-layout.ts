/** Where the files of a slot in the making will lie. Decided before the first byte is written, since all sizes are known. */
import { allocate, type GroupRun } from './allocator.ts';
import { encodeDescriptor, type DescriptorIdentity, type Extent, type SlotFile } from './descriptor.ts';
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE, LIMITS } from './format.ts';
import type { ReleaseFile } from './release.ts';
import type { Superblock } from './superblock.ts';

/** A slot's descriptor, ready to be written, and the files that it names. */
export interface SlotLayout {
  readonly descriptorBlock: number;
  readonly descriptor: Uint8Array;
  readonly descriptorCrc: number;
  readonly files: readonly SlotFile[];
}

/**
 * Lays descriptor and files out one behind the other in as few runs of free groups as can be. Throws `VOLUME_FULL`, also
 * when the free space lies in more pieces than a file may have.
 */
export function layOut(
  superblock: Superblock,
  free: readonly GroupRun[],
  files: readonly ReleaseFile[],
  identity: DescriptorIdentity,
): SlotLayout {
  const fileBlocks = files.reduce((sum, file) => sum + Math.ceil(file.size / BLOCK_SIZE), 0);
  for (let blocks = 1; blocks <= LIMITS.MAX_DESCRIPTOR_BLOCKS; blocks += 1) {
    const space = new Cursor(allocate(superblock, free, blocks + fileBlocks));
    const [place] = space.take(blocks);
    const placed = files.map((file) => ({ ...file, extents: space.take(Math.ceil(file.size / BLOCK_SIZE)) }));
    const encoded = encodeDescriptor(placed, identity, superblock.volumeUuid);
    const fits = placed.every((file) => file.extents.length <= LIMITS.MAX_EXTENTS_PER_FILE);
    if (place !== undefined && fits && encoded?.bytes.length === blocks * BLOCK_SIZE) {
      return {
        descriptorBlock: place.start,
        descriptor: encoded.bytes,
        descriptorCrc: encoded.crc,
        files: placed,
      };
    }
  }
  throw new SdfsError('VOLUME_FULL', 'Cannot stage: the free space lies in too many pieces', {
    hint: 'Roll back and overwrite a slot that is not needed.',
  });
}

/** Hands out blocks from runs, in order. A descriptor fits into the first run: a group has at least 16 blocks. */
class Cursor {
  readonly #runs: Extent[];

  constructor(runs: readonly Extent[]) {
    this.#runs = [...runs];
  }

  take(blocks: number): readonly Extent[] {
    const taken: Extent[] = [];
    let left = blocks;
    while (left > 0) {
      const run = this.#runs.shift();
      if (run === undefined) return taken;
      const used = Math.min(left, run.blocks);
      taken.push({ start: run.start, blocks: used });
      if (used < run.blocks) this.#runs.unshift({ start: run.start + used, blocks: run.blocks - used });
      left -= used;
    }
    return taken;
  }
}
